#include "reduction.h"

#include <numeric>

namespace reel::reducing {

Shape reduced_shape(Shape shape, const Axes& axes) {
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis)
    shape = shape.without_axis(static_cast<int>(*axis));
  return shape;
}

Shape kept_shape(Shape shape, const Axes& axes) {
  for (auto axis : axes) shape = shape.with_extent(static_cast<int>(axis), 1);
  return shape;
}

Tensor spread(const Tensor& reduced, const Shape& shape, const Axes& axes) {
  return broadcast_to(reshape(reduced, kept_shape(shape, axes)), shape);
}

namespace {

TensorType reduced_type(const std::vector<TensorType>& x, const Attributes& attributes) {
  return {x[0].element,
          reduced_shape(x[0].shape, normal_axes(attributes.integers("axes"), x[0].shape.rank()))};
}

}  // namespace

TensorType infer_sum(const std::vector<TensorType>& x, const Attributes& attributes) {
  check_summed(x[0]);
  return reduced_type(x, attributes);
}

TensorType infer_extreme(const std::vector<TensorType>& x, const Attributes& attributes) {
  if (x[0].element == ElementType::boolean) throw RecordError("operands must be numbers, not bool");
  for (auto axis : attributes.integers("axes"))
    if (x[0].shape[normal_axis(axis, x[0].shape.rank())] == 0)
      throw RecordError("axis " + std::to_string(axis) + " is empty and has no extreme element");
  return reduced_type(x, attributes);
}

std::vector<Sample> extreme_samples() {
  return {{{floats({4})}, {{"axes", Axes{0}}}},
          {{floats({2, 3})}, {{"axes", Axes{0}}}},
          {{floats({2, 3})}, {{"axes", Axes{1}}}},
          {{floats({2, 3, 4})}, {{"axes", Axes{0, 2}}}},
          {{floats({2, 1, 3})}, {{"axes", Axes{0, 1, 2}}}},
          {{floats({2, 3})}, {{"axes", Axes{}}}},
          {{floats({})}, {{"axes", Axes{}}}},
          {{floats({0, 3})}, {{"axes", Axes{1}}}}};
}

std::vector<Sample> sum_samples() {
  auto samples = extreme_samples();
  samples.push_back({{floats({2, 0})}, {{"axes", Axes{1}}}});
  return samples;
}

Axes all_axes(const char* operation, const Tensor& x) {
  check_usable(operation, x);
  Axes axes(x.rank());
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

Tensor reduce(const Operation& operation, const Tensor& x, const Axes& axes, bool keep) {
  check_usable(operation.name, x);
  Axes normal;
  try {
    normal = normal_axes(axes, x.rank());
  } catch (const RecordError& rule) {
    refuse(operation.name, rule.rule(), {x});
  }
  const auto y = record(operation, {x}, {{"axes", normal}});
  return keep ? reshape(y, kept_shape(x.shape(), normal)) : y;
}

}  // namespace reel::reducing
