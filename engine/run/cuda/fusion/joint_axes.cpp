#include "run/cuda/fusion/joint_axes.h"

#include <algorithm>
#include <cstdlib>

namespace reel::cuda {

std::int64_t JointAxes::count() const {
  std::int64_t count = 1;
  for (auto extent : extents) count *= extent;
  return count;
}

bool JointAxes::fits_32_bits() const {
  constexpr std::int64_t most = std::int64_t{1} << 30;
  return count() < most && std::all_of(strides.begin(), strides.end(), [&](const auto& each) {
           std::int64_t reach = 0;
           for (std::size_t axis = 0; axis < extents.size(); ++axis)
             reach += std::max<std::int64_t>(extents[axis] - 1, 0) * std::abs(each[axis]);
           return reach < most;
         });
}

JointAxes collapsed(const JointAxes& axes) {
  JointAxes result;
  result.strides.resize(axes.strides.size());
  for (std::size_t axis = 0; axis < axes.extents.size(); ++axis) {
    const auto extent = axes.extents[axis];
    if (extent == 1) continue;
    bool continues = !result.extents.empty();
    for (std::size_t i = 0; continues && i < axes.strides.size(); ++i)
      continues = result.strides[i].back() == axes.strides[i][axis] * extent;
    if (!continues) result.extents.push_back(1);
    result.extents.back() *= extent;
    for (std::size_t i = 0; i < axes.strides.size(); ++i) {
      if (!continues) result.strides[i].push_back(0);
      result.strides[i].back() = axes.strides[i][axis];
    }
  }
  return result;
}

}  // namespace reel::cuda
