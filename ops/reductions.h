#pragma once
#include "samples.h"
#include "summed.h"

#include <reel/record.h>
#include <reel/structural.h>

#include <numeric>

/// What reductions have in common: they take away the axes named by their attribute `axes`, which is normal.
namespace reel {

/// `shape` without the axes, which are normal.
inline Shape reduced_shape(Shape shape, const Axes& axes) {
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis)
    shape = shape.without_axis(static_cast<int>(*axis));
  return shape;
}

inline TensorType reduced_type(const std::vector<TensorType>& x, const Attributes& attributes) {
  return {x[0].element,
          reduced_shape(x[0].shape, normal_axes(attributes.integers("axes"), x[0].shape.rank()))};
}

inline Axes reduced_axes(const Recorded& y) { return y.attributes().integers("axes"); }

inline Axes all_axes(const char* operation, const Tensor& x) {
  check_usable(operation, x);
  Axes axes(x.rank());
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

/// `shape` with the reduced axes of extent 1.
inline Shape kept_shape(Shape shape, const Axes& axes) {
  for (auto axis : axes) shape = shape.with_extent(static_cast<int>(axis), 1);
  return shape;
}

/// A reduced value repeated along the axes it lost: the shape before the reduction.
inline Tensor spread(const Tensor& reduced, const Shape& shape, const Axes& axes) {
  return broadcast_to(reshape(reduced, kept_shape(shape, axes)), shape);
}

inline Tensor reduce(const Operation& operation, const Tensor& x, const Axes& axes, bool keep) {
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

inline std::vector<Sample> reduction_samples() {
  return {{{floats({4})}, {{"axes", Axes{0}}}},
          {{floats({2, 3})}, {{"axes", Axes{0}}}},
          {{floats({2, 3})}, {{"axes", Axes{1}}}},
          {{floats({2, 3, 4})}, {{"axes", Axes{0, 2}}}},
          {{floats({2, 1, 3})}, {{"axes", Axes{0, 1, 2}}}},
          {{floats({2, 3})}, {{"axes", Axes{}}}},
          {{floats({})}, {{"axes", Axes{}}}},
          {{floats({0, 3})}, {{"axes", Axes{1}}}}};
}

}  // namespace reel
