#pragma once
#include <cstdint>
#include <string>
#include <vector>

/// The headers of safetensors files, as JSON.
namespace reel {

/// A value of JSON, and its name where it stands in an object.
struct HeaderValue {
  enum class Kind { object, list, text, count, other };

  Kind kind = Kind::other;
  std::string name;
  std::string text;                 // what it holds, or how a number or the like is spelled
  std::uint64_t count = 0;          // a whole number of 0 or more
  std::vector<HeaderValue> values;  // in an object or a list, in their order

  /// The value of that name in an object; null where there is none.
  const HeaderValue* find(const std::string& wanted) const;
};

/// Reads a header of these bytes, an object that nests no deeper than headers do and has no name twice.
/// Throws FileError, which begins with `where`, for anything else, and std::bad_alloc where memory gives out.
HeaderValue parse_header(const char* text, std::size_t length, const std::string& where);

/// A text in quotes, as JSON has it. Throws FileError for one that is not UTF-8.
std::string quoted_text(const std::string& text, const std::string& where);

}  // namespace reel
