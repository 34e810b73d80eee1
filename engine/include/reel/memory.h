#pragma once
/// @file
/// Blocks of memory.
#include <cstddef>
#include <memory>
#include <new>

#include "error.h"

namespace REEL_PUBLIC reel {

/// Gives back what allocate() gave.
struct FreeMemory {
  /// Gives it back to the system.
  void operator()(std::byte* memory) const;
};
/// A block aligned to a cache line.
using Memory = std::unique_ptr<std::byte, FreeMemory>;

/// Null where the system does not give that much.
Memory allocate(std::size_t bytes);

/// What `f` gives. Where memory gives out in it, a MemoryError of the text that `what()` gives.
template <class F, class What>
auto needing_memory(F&& f, What&& what) -> decltype(f()) {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    throw MemoryError(what());
  }
}

}  // namespace reel
