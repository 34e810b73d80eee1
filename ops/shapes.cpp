#include <reel/ops.h>
#include <reel/record.h>

namespace reel {

Tensor squeeze(const Tensor& x, std::int64_t axis) {
  const int normal = checked_axis("squeeze", x, axis);
  if (x.extent(normal) != 1) refuse("squeeze", "axis " + std::to_string(normal) + " must have extent 1", {x});
  return reshape(x, x.shape().without_axis(normal));
}

Tensor unsqueeze(const Tensor& x, std::int64_t axis) {
  check_has_room("unsqueeze", x);
  const int rank = x.rank() + 1;
  if (axis < -rank || axis >= rank)
    refuse("unsqueeze", "axis " + std::to_string(axis) + " is out of range for rank " + std::to_string(rank),
           {x});
  return reshape(x, x.shape().with_axis(static_cast<int>(axis < 0 ? axis + rank : axis), 1));
}

Tensor tile(const Tensor& x, const std::vector<std::int64_t>& counts) {
  // [a, b] tiled by (p, q): [1, a, 1, b] repeated to [p, a, q, b] is [p a, q b].
  std::vector<std::int64_t> extents = x.shape();
  auto repeats = counts;
  if (extents.size() < repeats.size()) extents.insert(extents.begin(), repeats.size() - extents.size(), 1);
  if (repeats.size() < extents.size()) repeats.insert(repeats.begin(), extents.size() - repeats.size(), 1);
  auto result = x;
  // One axis at a time: all at once could need more axes than a shape has.
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    if (repeats[axis] < 0) refuse("tile", "a count cannot be negative", {x});
    auto with_repeats = extents;
    with_repeats.insert(with_repeats.begin() + axis, 1);
    result = reshape(result, with_repeats);
    with_repeats[axis] = repeats[axis];
    extents[axis] *= repeats[axis];
    result = reshape(broadcast_to(result, Shape(with_repeats)), extents);
  }
  return result;
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value) {
  return select(mask, value, x);
}

Tensor lower_triangle(std::int64_t rows, std::int64_t columns, std::int64_t offset) {
  return unsqueeze(iota(rows), 1) + offset >= iota(columns);
}

}  // namespace reel
