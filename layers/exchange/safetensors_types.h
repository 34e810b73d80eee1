#pragma once
#include <reel/array.h>

#include <optional>
#include <string>

/// The element types of safetensors files.
namespace reel {

/// How a stored type is read: its bytes an element, and the type that takes every value of it.
struct StoredType {
  std::size_t bytes;
  ElementType element;
  /// Writes `count` elements, stored at `from`, to `to`. False where one is no value of the type.
  bool (*read)(const char* from, std::int64_t count, Array& to);
};

/// Absent for a type that Reel does not read.
std::optional<StoredType> stored_type(const std::string& name);
/// The name under which an element type is stored.
std::string stored_name(ElementType element);

}  // namespace reel
