#include "axis_groups.h"

#include <algorithm>

namespace reel {

namespace {

/// The last axis of more than one element; -1 where there is none.
int last_axis(const Shape& shape) {
  int axis = shape.rank() - 1;
  while (axis >= 0 && shape[axis] == 1) --axis;
  return axis;
}

}  // namespace

bool AxisGroups::are_of(const Layout& layout, const std::vector<std::int64_t>& axes) {
  const int last = last_axis(layout.type.shape);
  if (last < 0) return true;
  const bool is_kept = std::find(axes.begin(), axes.end(), last) == axes.end();
  return layout.strides[static_cast<std::size_t>(last)] == 1 && (is_kept || layout.is_contiguous());
}

AxisGroups::AxisGroups(const Layout& layout, const std::vector<std::int64_t>& axes) {
  const auto& shape = layout.type.shape;
  const auto is_reduced = [&](int axis) { return std::find(axes.begin(), axes.end(), axis) != axes.end(); };
  int axis = last_axis(shape);
  // From the last axis on; those of extent 1 belong to any group.
  const auto next_group = [&] {
    const bool reduced = is_reduced(axis);
    Group group{1, layout.strides[static_cast<std::size_t>(axis)]};
    while (axis >= 0) {
      const auto stride = layout.strides[static_cast<std::size_t>(axis)];
      const bool continues = is_reduced(axis) == reduced && stride == group.stride * group.extent;
      if (shape[axis] != 1 && !continues) break;
      group.extent *= shape[axis--];
    }
    return group;
  };
  if (axis < 0) return;
  columns_reduced = is_reduced(axis);
  columns = next_group().extent;
  while (axis >= 0) {
    auto& groups = is_reduced(axis) ? reduced : kept;
    groups.insert(groups.begin(), next_group());
  }
}

AxisGroups::AxisGroups(const Shape& shape, const std::vector<std::int64_t>& axes)
    : AxisGroups(Layout::contiguous({ElementType::float32, shape}), axes) {}

}  // namespace reel
