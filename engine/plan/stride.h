#pragma once
#include <cstdint>

namespace reel {

/// Bytes an address moves with each step of the loop at `level`.
struct Stride {
  int level;
  std::int64_t bytes;
};

}  // namespace reel
