#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include <reel/element_type.h>

namespace reel::cpu {

/// Tiles of which every element is the same: literals in a user's code. The programs of a device share them.
class UniformTiles {
 public:
  using Tile = std::shared_ptr<const std::vector<std::byte>>;

  /// At least so many elements; it lives as long as somebody has it.
  Tile of(const void* element, ElementType type, std::int64_t count);

 private:
  using Key = std::tuple<ElementType, std::string, std::int64_t>;  // type, bits, elements
  std::mutex mutex_;
  std::map<Key, std::weak_ptr<const std::vector<std::byte>>> tiles_;
};

}  // namespace reel::cpu
