#pragma once
/// @cond
/// @file
/// Positions in memory as indices.
#include <reel/shape.h>

namespace REEL_PUBLIC reel {

/// Where the element at a position in memory stands: its place on each axis of an array of this shape.
inline std::vector<std::int64_t> element_index(std::int64_t position, const Shape& shape) {
  std::vector<std::int64_t> index(shape.rank());
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    index[axis] = position % shape[axis];
    position /= shape[axis];
  }
  return index;
}

}  // namespace reel
/// @endcond
