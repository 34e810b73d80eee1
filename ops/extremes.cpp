#include <reel/ops.h>

#include "cpu/reduction_kernel.h"
#include "maps.h"
#include "reductions.h"
#include "reference/kernels.h"
#include "table.h"

namespace reel {

namespace {

TensorType reduced_if_any(const std::vector<TensorType>& x, const Attributes& attributes) {
  if (x[0].element == ElementType::boolean) throw RecordError("operands must be numbers, not bool");
  for (auto axis : attributes.integers("axes"))
    if (x[0].shape[normal_axis(axis, x[0].shape.rank())] == 0)
      throw RecordError("axis " + std::to_string(axis) + " is empty and has no extreme element");
  return reduced_type(x, attributes);
}

/// Elements that tie share the adjoint equally. Where the extreme is NaN, so is the adjoint of all elements.
Tensors extreme_adjoint(const Recorded& y, const Tensor& dy) {
  const auto axes = reduced_axes(y);
  const Shape shape = y[0].shape();
  const auto is_extreme = equal(y[0], spread(y, shape, axes));
  const auto count = sum(cast(is_extreme, dy.element()), axes);
  return {
      select(is_extreme, spread(dy / count, shape, axes), spread(maps::adjoint_at_nan(y, dy), shape, axes))};
}

Operation extreme(const char* name, Kernel kernel, cpu::Reduction reduction) {
  return {name,
          Kind::reduction,
          reduced_if_any,
          {extreme_adjoint},
          {std::move(kernel), cpu::reduction_kernels(reduction)},
          reduction_samples};
}

Operation arg_extreme(const char* name, Kernel kernel) {
  const auto infer = [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
    return {ElementType::int64, reduced_if_any(x, attributes).shape};
  };
  const auto samples = [] {
    return std::vector<Sample>{{{floats({4})}, {{"axes", Axes{0}}}},
                               {{floats({2, 3})}, {{"axes", Axes{0}}}},
                               {{floats({2, 3, 2})}, {{"axes", Axes{1}}}},
                               {{floats({0, 3})}, {{"axes", Axes{1}}}}};
  };
  return {name, Kind::reduction, infer, Derivative::none(), {std::move(kernel)}, samples};
}

}  // namespace

const Operation& max_operation() {
  static const auto operation = extreme("max", reference::max, cpu::Reduction::max);
  return operation;
}

const Operation& min_operation() {
  static const auto operation = extreme("min", reference::min, cpu::Reduction::min);
  return operation;
}

const Operation& argmax_operation() {
  static const auto operation = arg_extreme("argmax", reference::argmax);
  return operation;
}

const Operation& argmin_operation() {
  static const auto operation = arg_extreme("argmin", reference::argmin);
  return operation;
}

Tensor max(const Tensor& x, const Axes& axes, bool keep) { return reduce(max_operation(), x, axes, keep); }
Tensor max(const Tensor& x) { return max(x, all_axes("max", x)); }
Tensor min(const Tensor& x, const Axes& axes, bool keep) { return reduce(min_operation(), x, axes, keep); }
Tensor min(const Tensor& x) { return min(x, all_axes("min", x)); }
Tensor argmax(const Tensor& x, std::int64_t axis, bool keep) {
  return reduce(argmax_operation(), x, {axis}, keep);
}
Tensor argmin(const Tensor& x, std::int64_t axis, bool keep) {
  return reduce(argmin_operation(), x, {axis}, keep);
}

}  // namespace reel
