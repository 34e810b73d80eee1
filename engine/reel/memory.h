#pragma once
#include <cstddef>
#include <memory>

namespace reel {

struct FreeMemory {
  void operator()(std::byte* memory) const;
};
/// A block aligned to a cache line.
using Memory = std::unique_ptr<std::byte, FreeMemory>;

/// Null where the system does not give that much.
Memory allocate(std::size_t bytes);

}  // namespace reel
