#include <reel/memory.h>

#include <algorithm>
#include <new>

namespace reel {

namespace {
constexpr std::align_val_t cache_line{64};
}

void FreeMemory::operator()(std::byte* memory) const { ::operator delete(memory, cache_line); }

Memory allocate(std::size_t bytes) {
  return Memory(
      static_cast<std::byte*>(::operator new(std::max<std::size_t>(bytes, 1), cache_line, std::nothrow)));
}

}  // namespace reel
