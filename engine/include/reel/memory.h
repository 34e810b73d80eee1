#pragma once
/// @cond
/// @file
/// Blocks of memory.
#include <cstddef>
#include <memory>
#include <new>
#include <string>

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

/// What `f` gives, which reads a file or writes one. Where memory gives out in it or in a part of it, such as
/// an Array, a MemoryError that begins with `where`: "[read_npy] x.npy".
template <class F>
auto needing_memory_for(const std::string& where, F&& f) -> decltype(f()) {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    throw MemoryError(where + ": the memory for it is not to be had");
  } catch (const MemoryError& error) {
    const std::string reason = error.what();
    if (reason.compare(0, where.size(), where) == 0) throw;
    throw MemoryError(where + ": " + reason);
  }
}

}  // namespace reel
/// @endcond
