#include "axis_groups.h"

#include <algorithm>

namespace reel {

AxisGroups::AxisGroups(const Shape& shape, const std::vector<std::int64_t>& axes) {
  const auto is_reduced = [&](int axis) { return std::find(axes.begin(), axes.end(), axis) != axes.end(); };
  int axis = shape.rank() - 1;
  std::int64_t stride = 1;
  // From the last axis on: those of extent 1 belong to any group.
  const auto group = [&](bool reduced) {
    std::int64_t extent = 1;
    while (axis >= 0 && (shape[axis] == 1 || is_reduced(axis) == reduced)) extent *= shape[axis--];
    const Group found{extent, stride};
    stride *= extent;
    return found;
  };
  int last = axis;
  while (last >= 0 && shape[last] == 1) --last;
  if (last >= 0) columns_reduced = is_reduced(last);
  columns = group(columns_reduced).extent;
  bool is = !columns_reduced;
  while (axis >= 0) {
    auto& groups = is ? reduced : kept;
    groups.insert(groups.begin(), group(is));
    is = !is;
  }
}

}  // namespace reel
