#include "run/cpu/place.h"

#include <reel/structural.h>

namespace reel::cpu {

std::pair<std::int64_t, std::int64_t> Place::reach() const {
  const auto& shape = layout.type.shape;
  if (shape.size() == 0) return {0, 0};
  std::int64_t low = 0, high = element_size();
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const auto bytes = (shape[axis] - 1) * layout.strides[axis] * element_size();
    (bytes < 0 ? low : high) += bytes;
  }
  return {low, high};
}

bool Place::same_as(const Place& other) const {
  if (base != other.base || buffer != other.buffer || offset != other.offset) return false;
  if (layout.type != other.layout.type || steps.size() != other.steps.size()) return false;
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (steps[i].level != other.steps[i].level || steps[i].bytes != other.steps[i].bytes) return false;
  for (int axis = 0; axis < layout.type.shape.rank(); ++axis)
    if (layout.type.shape[axis] != 1 && layout.strides[axis] != other.layout.strides[axis]) return false;
  return true;
}

bool is_view(const Operation& operation) {
  return &operation == &reshape_operation() || &operation == &permute_operation() ||
         &operation == &slice_operation() || &operation == &flip_operation() ||
         &operation == &broadcast_operation() || operation.algebra.identity;
}

namespace {

/// Strides under which memory has another shape, or none: axes of the old shape that are merged must follow
/// one another in memory.
std::optional<std::vector<std::int64_t>> reshaped(const Layout& from, const Shape& to) {
  const auto& shape = from.type.shape;
  std::vector<std::int64_t> strides(to.rank(), 1);
  if (to.size() == 0) return strides;
  std::vector<std::int64_t> extents, steps;  // of the old axes that are not 1
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (shape[axis] != 1) {
      extents.push_back(shape[axis]);
      steps.push_back(from.strides[axis]);
    }
  int axis = to.rank() - 1;
  for (auto old = extents.size(); old > 0;) {
    // A group of old axes and a group of new ones with the same number of elements.
    auto extent = extents[--old];
    const auto inner = steps[old];
    std::int64_t covered = 1;
    for (;;) {
      while (axis >= 0 && covered < extent) {
        strides[axis] = inner * covered;
        covered *= to[axis--];
      }
      if (covered == extent) break;
      if (old == 0 || steps[old - 1] != inner * extent) return std::nullopt;
      extent *= extents[--old];
    }
  }
  return strides;
}

}  // namespace

Place slice_of(const Place& place, int axis, std::int64_t start, std::int64_t stop) {
  auto part = place;
  part.layout.type.shape = place.layout.type.shape.with_extent(axis, stop - start);
  part.offset += start * place.layout.strides[axis] * place.element_size();
  return part;
}

Place step_of(const Place& place, int level, std::int64_t first) {
  auto step = place;
  const auto bytes = place.layout.strides[0] * place.element_size();
  step.offset += first * bytes;
  step.steps.push_back({level, bytes});
  step.level = level + 1;
  step.layout.type.shape = place.layout.type.shape.without_axis(0);
  step.layout.strides.erase(step.layout.strides.begin());
  return step;
}

std::optional<Place> make_view(const Operation& operation, const Attributes& attributes,
                               const TensorType& type, const Place& operand) {
  auto place = operand;
  auto& strides = place.layout.strides;
  const auto& shape = operand.layout.type.shape;
  place.layout.type = type;
  if (operation.algebra.identity) return place;
  if (&operation == &reshape_operation()) {
    auto found = reshaped(operand.layout, type.shape);
    if (!found) return std::nullopt;
    strides = std::move(*found);
  } else if (&operation == &permute_operation()) {
    const auto& axes = attributes.integers("axes");
    for (std::size_t i = 0; i < axes.size(); ++i)
      strides[i] = operand.layout.strides[normal_axis(axes[i], shape.rank())];
  } else if (&operation == &slice_operation()) {
    const auto axis = normal_axis(attributes.integer("axis"), shape.rank());
    if (type.shape.size() > 0)
      place.offset += attributes.integer("start") * strides[axis] * operand.element_size();
    strides[axis] *= attributes.integer("step");
  } else if (&operation == &flip_operation()) {
    for (auto axis : normal_axes(attributes.integers("axes"), shape.rank())) {
      if (type.shape.size() > 0) place.offset += (shape[axis] - 1) * strides[axis] * operand.element_size();
      strides[axis] = -strides[axis];
    }
  } else {
    strides.assign(type.shape.rank(), 0);
    const int added = type.shape.rank() - shape.rank();
    for (int axis = 0; axis < shape.rank(); ++axis)
      strides[axis + added] = shape[axis] == type.shape[axis + added] ? operand.layout.strides[axis] : 0;
  }
  return place;
}

}  // namespace reel::cpu
