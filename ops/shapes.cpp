#include <reel/ops.h>
#include <reel/record.h>

#include <functional>
#include <numeric>

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
  check_usable("tile", x);
  // [a, b] tiled by (p, q): [1, a, 1, b] repeated to [p, a, q, b] is [p a, q b]. One axis at a time, what is
  // before and behind it taken as one axis each: all at once could need more axes than a shape has.
  std::vector<std::int64_t> extents = x.shape();
  auto repeats = counts;
  if (extents.size() < repeats.size()) extents.insert(extents.begin(), repeats.size() - extents.size(), 1);
  if (repeats.size() < extents.size()) repeats.insert(repeats.begin(), extents.size() - repeats.size(), 1);
  const auto product = [](auto first, auto last) {
    return std::accumulate(first, last, std::int64_t{1}, std::multiplies<>());
  };
  auto result = x;
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    if (repeats[axis] < 0) refuse("tile", "a count cannot be negative", {x});
    if (repeats[axis] == 1) continue;
    const auto before = product(extents.begin(), extents.begin() + axis),
               behind = product(extents.begin() + axis, extents.end());
    const auto repeated = refusing("tile", {x}, [&] {
      extents[axis] = checked_product(extents[axis], repeats[axis]);
      const Shape whole(extents);  // can be counted
      return Shape{before, repeats[axis], behind};
    });
    result = broadcast_to(reshape(result, {before, 1, behind}), repeated);
  }
  return reshape(result, extents);
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value) {
  return select(mask, value, x);
}

Tensor lower_triangle(std::int64_t rows, std::int64_t columns, std::int64_t offset) {
  const auto last = refusing("lower_triangle", {}, [&] { return Tensor(offset); });
  return unsqueeze(iota(rows), 1) + last >= iota(columns);
}

}  // namespace reel
