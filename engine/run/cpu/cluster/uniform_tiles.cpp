#include "run/cpu/cluster/uniform_tiles.h"

#include <cstring>

namespace reel::cpu {

UniformTiles::Tile UniformTiles::of(const void* element, ElementType type, std::int64_t count) {
  // Of few lengths, so that tiles of different clusters are the same.
  std::int64_t length = 128;
  while (length < count) length *= 2;
  const auto size = size_of(type);
  const std::string bits(static_cast<const char*>(element), size);
  const std::lock_guard<std::mutex> lock(mutex_);
  auto& known = tiles_[{type, bits, length}];
  if (auto tile = known.lock()) return tile;
  std::vector<std::byte> filled(static_cast<std::size_t>(length) * size);
  for (std::int64_t i = 0; i < length; ++i)
    std::memcpy(filled.data() + static_cast<std::size_t>(i) * size, element, size);
  const auto tile = std::make_shared<const std::vector<std::byte>>(std::move(filled));
  known = tile;
  return tile;
}

}  // namespace reel::cpu
