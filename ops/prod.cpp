#include <reel/ops.h>

#include <algorithm>

#include "cpu/reduction_kernel.h"
#include "reductions.h"
#include "reference/kernels.h"
#include "table.h"

namespace reel {

namespace {

/// For each element the product of all others along the last axis: right where elements are zero.
Tensor products_of_others(const Tensor& x) {
  const auto last = x.rank() - 1;
  const auto count = x.extent(last);
  if (count == 0) return x;
  // 1, x0, x0 x1, ... and ..., x_n-1 x_n, x_n, 1.
  const auto one = ones(x.shape().with_extent(last, 1), x.element());
  const auto start = pad(one, last, 0, count - 1), end = pad(one, last, count - 1, 0);
  const auto before = pad(slice(x, last, 0, count - 1), last, 1, 0);
  const auto after = pad(slice(x, last, 1, count), last, 0, 1);
  return linear_scan(before, start, last) * linear_scan(after, end, last, true);
}

}  // namespace

const Operation& prod_operation() {
  static const Operation operation{
      "prod",
      Kind::reduction,
      [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
        check_summed(x[0]);
        return reduced_type(x, attributes);
      },
      {[](const Recorded& y, const Tensor& dy) -> Tensors {
        // The reduced axes as one, behind the others.
        const auto axes = reduced_axes(y);
        const Shape shape = y[0].shape();
        Axes order;
        for (int axis = 0; axis < shape.rank(); ++axis)
          if (std::find(axes.begin(), axes.end(), axis) == axes.end()) order.push_back(axis);
        order.insert(order.end(), axes.begin(), axes.end());
        const auto moved = permute(y[0], order);
        std::int64_t reduced = 1;
        for (auto axis : axes) reduced *= shape[static_cast<int>(axis)];
        const auto flat = reshape(moved, dy.shape().with_axis(dy.rank(), reduced));
        const auto others = reshape(products_of_others(flat), moved.shape());
        Axes back(order.size());
        for (std::size_t i = 0; i < order.size(); ++i) back[order[i]] = static_cast<std::int64_t>(i);
        return {scaled_adjoint(spread(dy, shape, axes), permute(others, back))};
      }},
      {reference::prod, cpu::reduction_kernels(cpu::Reduction::prod)},
      [] {
        auto samples = reduction_samples();
        samples.push_back({{floats({2, 0})}, {{"axes", Axes{1}}}});
        return samples;
      }};
  return operation;
}

Tensor prod(const Tensor& x, const Axes& axes, bool keep) {
  check_usable("prod", x);
  return reduce(prod_operation(), summable("prod", {x}), axes, keep);
}
Tensor prod(const Tensor& x) { return prod(x, all_axes("prod", x)); }

}  // namespace reel
