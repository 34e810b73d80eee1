#include "reductions.h"

#include <algorithm>

#include "cpu/reduction_kernel.h"
#include "cuda/kernels.h"
#include "maps.h"
#include "reduction_list.h"
#include "table.h"

namespace reel {

namespace reductions {

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

Tensors adjoint_of_prod(const Recorded& y, const Tensor& dy) {
  // The reduced axes as one, behind the others.
  const auto axes = axes_of(y);
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
}

/// Elements that tie share the adjoint equally. Where the extreme is NaN, so is the adjoint of all elements.
Tensors adjoint_of_extreme(const Recorded& y, const Tensor& dy) {
  const auto axes = axes_of(y);
  const Shape shape = y[0].shape();
  const auto is_extreme = equal(y[0], spread(y, shape, axes));
  const auto count = sum(cast(is_extreme, dy.element()), axes);
  return {
      select(is_extreme, spread(dy / count, shape, axes), spread(maps::adjoint_at_nan(y, dy), shape, axes))};
}

}  // namespace reductions

namespace {

template <class R>
std::size_t bytes_of_total(ElementType operand) {
  return with_type(operand, [](auto zero) { return sizeof(typename R::template Total<decltype(zero)>); });
}

/// Sums and products take integers and bools as int64.
template <class R>
Tensor taken(const Tensor& x) {
  if constexpr (R::takes_none)
    return summable(R::name, {x});
  else
    return x;
}

}  // namespace

#define REEL_REDUCTION(function, R)                                                                \
  const Operation& function##_operation() {                                                        \
    static const auto operation =                                                                  \
        reducing::make<reductions::R>(cpu::reduction_kernels(reductions::R::name),                 \
                                      cuda::reduction_kernels(#R, bytes_of_total<reductions::R>)); \
    return operation;                                                                              \
  }                                                                                                \
  Tensor function(const Tensor& x, const Axes& axes, bool keep) {                                  \
    return reducing::reduce(function##_operation(), taken<reductions::R>(x), axes, keep);          \
  }                                                                                                \
  Tensor function(const Tensor& x) { return function(x, reducing::all_axes(reductions::R::name, x)); }
#define REEL_DECLARED(function, R) const Operation& function##_operation();

REEL_REDUCTIONS(REEL_DECLARED)
REEL_REDUCTIONS(REEL_REDUCTION)

#define REEL_ENTRY(function, R) &function##_operation(),
std::vector<const Operation*> reduction_table() { return {REEL_REDUCTIONS(REEL_ENTRY)}; }

}  // namespace reel
