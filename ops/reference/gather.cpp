#include <algorithm>

#include "kernels.h"
#include "lines.h"
#include "views.h"

namespace reel::reference {

namespace {

/// "[1, 0]": which element of an array of this shape is the `i`-th.
std::string position_text(std::int64_t i, const Shape& shape) {
  std::vector<std::int64_t> position(shape.rank());
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    position[axis] = i % shape[axis];
    i /= shape[axis];
  }
  return to_string(Shape(position));
}

/// Calls `f(position, index)` for every index, after checking all of them.
template <class F>
void for_each_index(const ConstView& indices, std::int64_t extent, F&& f) {
  const auto visit = [&](const auto* index) {
    const auto count = indices.shape().size();
    for (std::int64_t i = 0; i < count; ++i)
      if (index[i] < 0 || index[i] >= extent)
        throw RunError("index " + std::to_string(index[i]) + " at " + position_text(i, indices.shape()) +
                       " is outside [0, " + std::to_string(extent) + ")");
    for (std::int64_t i = 0; i < count; ++i) f(i, static_cast<std::int64_t>(index[i]));
  };
  if (indices.type->element == ElementType::int32)
    visit(indices.as<std::int32_t>());
  else
    visit(indices.as<std::int64_t>());
}

}  // namespace

/// x [outer, extent, inner] at indices [count]: [outer, count, inner].
void gather(const KernelCall& call) {
  const auto axis = call.attributes.integer("axis");
  const auto count = call.inputs[1].shape().size();
  const Lines x_lines(call.inputs[0].shape(), axis);
  const auto inner = x_lines.stride, extent = x_lines.count;
  with_element_of_size(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    const T* x = bits<T>(call.inputs[0]);
    T* y = bits<T>(call.output);
    for_each_index(call.inputs[1], extent, [&](std::int64_t i, std::int64_t chosen) {
      for (std::int64_t o = 0; o < x_lines.outer; ++o)
        std::copy_n(x + (o * extent + chosen) * inner, inner, y + (o * count + i) * inner);
    });
  });
}

/// values [outer, count, inner] added at indices [count] into zeros [outer, extent, inner].
void scatter_add(const KernelCall& call) {
  const auto axis = call.attributes.integer("axis");
  const auto count = call.inputs[0].shape().size();
  const Lines y_lines(call.output.shape(), axis);
  const auto inner = y_lines.stride, extent = y_lines.count;
  with_number(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    const T* values = call.inputs[1].as<T>();
    T* y = call.output.as<T>();
    std::fill_n(y, call.output.shape().size(), zero);
    for_each_index(call.inputs[0], extent, [&](std::int64_t i, std::int64_t chosen) {
      for (std::int64_t o = 0; o < y_lines.outer; ++o)
        for (std::int64_t j = 0; j < inner; ++j)
          y[(o * extent + chosen) * inner + j] += values[(o * count + i) * inner + j];
    });
  });
}

namespace {

/// Calls `f(position in the indices, position of the chosen element)` where indices [outer, count, inner]
/// choose along an axis of `extent` of [outer, extent, inner].
template <class F>
void along_axis(const ConstView& indices, std::int64_t axis, std::int64_t extent, F&& f) {
  const Lines lines(indices.shape(), axis);
  for_each_index(indices, extent, [&](std::int64_t i, std::int64_t chosen) {
    const auto outer = i / (lines.count * lines.stride), inner = i % lines.stride;
    f(i, (outer * extent + chosen) * lines.stride + inner);
  });
}

}  // namespace

void take_along_axis(const KernelCall& call) {
  const auto axis = call.attributes.integer("axis");
  with_element_of_size(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    const T* x = bits<T>(call.inputs[0]);
    T* y = bits<T>(call.output);
    along_axis(call.inputs[1], axis, call.inputs[0].shape()[static_cast<int>(axis)],
               [&](std::int64_t i, std::int64_t chosen) { y[i] = x[chosen]; });
  });
}

void scatter_add_along_axis(const KernelCall& call) {
  const auto axis = call.attributes.integer("axis");
  with_number(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    const T* values = call.inputs[1].as<T>();
    T* y = call.output.as<T>();
    std::fill_n(y, call.output.shape().size(), zero);
    along_axis(call.inputs[0], axis, call.output.shape()[static_cast<int>(axis)],
               [&](std::int64_t i, std::int64_t chosen) { y[chosen] += values[i]; });
  });
}

}  // namespace reel::reference
