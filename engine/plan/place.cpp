#include "plan/place.h"

#include <reel/structural.h>

#include <algorithm>
#include <cstdlib>

namespace reel::plan {

std::pair<std::int64_t, std::int64_t> Address::reach() const {
  const auto& shape = layout.type.shape;
  if (shape.size() == 0) return {0, 0};
  std::int64_t low = 0, high = element_size();
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const auto bytes = (shape[axis] - 1) * layout.strides[axis] * element_size();
    (bytes < 0 ? low : high) += bytes;
  }
  return {low, high};
}

bool Address::same_as(const Address& other) const {
  if (base != other.base || buffer != other.buffer || offset != other.offset) return false;
  if (layout.type != other.layout.type || steps != other.steps) return false;
  for (int axis = 0; axis < layout.type.shape.rank(); ++axis)
    if (layout.type.shape[axis] != 1 && layout.strides[axis] != other.layout.strides[axis]) return false;
  return true;
}

bool disjoint(const Address& a, const Address& b) {
  const auto [low_a, high_a] = a.reach();
  const auto [low_b, high_b] = b.reach();
  if (a.offset + high_a <= b.offset + low_b || b.offset + high_b <= a.offset + low_a) return true;
  if (a.layout.type != b.layout.type || a.layout.strides != b.layout.strides) return false;
  // Columns of one matrix: rows of `width` bytes, one every `pitch`.
  const auto& shape = a.layout.type.shape;
  std::int64_t width = a.element_size(), pitch = 0;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    const auto stride = a.layout.strides[axis] * a.element_size();
    if (shape[axis] == 1) continue;
    if (pitch == 0 && stride == width)
      width *= shape[axis];
    else if (pitch == 0 && stride > width)
      pitch = stride;
    else if (pitch == 0 || stride % pitch != 0)
      return false;
  }
  if (pitch == 0) return false;
  const auto distance = std::abs(a.offset - b.offset) % pitch;
  return distance >= width && distance <= pitch - width;
}

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

std::optional<Place> all_steps_of(const Place& step, int level, std::int64_t steps) {
  const auto moves = std::find_if(step.steps.begin(), step.steps.end(),
                                  [&](const Stride& stride) { return stride.level == level; });
  if (moves == step.steps.end() || moves->bytes == 0 || moves->bytes % step.element_size() != 0)
    return std::nullopt;
  auto all = step;
  all.level = level;
  all.steps.erase(all.steps.begin() + (moves - step.steps.begin()));
  all.layout.type.shape = step.layout.type.shape.with_axis(0, steps);
  all.layout.strides.insert(all.layout.strides.begin(), moves->bytes / step.element_size());
  return all;
}

std::optional<Place> make_view(const Operation& operation, const Attributes& attributes,
                               const TensorType& type, const Place& operand) {
  auto place = operand;
  if (operation.layout) {
    auto view = operation.layout(operand.layout, type, attributes);
    if (!view) return std::nullopt;
    place.layout.strides = std::move(view->strides);
    place.offset += view->first * operand.element_size();
  }
  place.layout.type = type;
  return place;
}

Place with_shape(const Place& place, const Shape& shape) {
  const TensorType type{place.layout.type.element, shape};
  return *make_view(reshape_operation(), {{"shape", shape.extents()}}, type, place);
}

}  // namespace reel::plan
