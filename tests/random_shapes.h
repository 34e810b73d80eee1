#pragma once
#include "values.h"

/// Shapes drawn from a seed, and the plain loops over them.
namespace reel::test {

using Random = std::mt19937_64;
using Extents = std::vector<std::int64_t>;

inline std::int64_t below(std::int64_t count, Random& random) {
  return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(count));
}

inline Shape random_shape(Random& random, int rank, std::int64_t smallest = 0) {
  Extents extents(rank);
  for (auto& extent : extents) extent = smallest + below(4 - smallest, random);
  return Shape(extents);
}

/// Calls `f(index, position)` for each element in row-major order.
template <class F>
void for_each_index(const Shape& shape, F&& f) {
  Extents index(shape.rank());
  for (std::int64_t position = 0; position < shape.size(); ++position) {
    auto rest = position;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      index[axis] = rest % shape[axis];
      rest /= shape[axis];
    }
    f(index, position);
  }
}

/// Position in `shape` of an element of a result it was broadcast to.
inline std::int64_t broadcast_position(const Shape& shape, const Extents& index) {
  std::int64_t position = 0;
  const auto added = index.size() - shape.rank();
  for (int axis = 0; axis < shape.rank(); ++axis)
    position = position * shape[axis] + (shape[axis] == 1 ? 0 : index[added + axis]);
  return position;
}

}  // namespace reel::test
