#include "reference/kernels.h"
#include "samples.h"
#include "table.h"

#include <reel/record.h>
#include <reel/structural.h>

#include <numeric>

namespace reel {

const Operation& permute_operation() {
  static const Operation operation = [] {
    Operation made{"permute",
                   Kind::index_map,
                   [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
                     const auto& axes = attributes.integers("axes");
                     const int rank = x[0].shape.rank();
                     if (static_cast<int>(axes.size()) != rank)
                       throw RecordError("every axis must be named once");
                     normal_axes(axes, rank);
                     std::vector<std::int64_t> extents;
                     for (auto axis : axes) extents.push_back(x[0].shape[static_cast<int>(axis)]);
                     return {x[0].element, Shape(extents)};
                   },
                   {[](const Recorded& y, const Tensor& dy) -> Tensors {
                     const auto& axes = y.attributes().integers("axes");
                     Axes inverse(axes.size());
                     for (std::size_t i = 0; i < axes.size(); ++i)
                       inverse[axes[i]] = static_cast<std::int64_t>(i);
                     return {permute(dy, inverse)};
                   }},
                   {reference::permute},
                   [] {
                     return std::vector<Sample>{{{floats({2, 3})}, {{"axes", Axes{1, 0}}}},
                                                {{floats({2, 3, 4})}, {{"axes", Axes{2, 0, 1}}}},
                                                {{floats({})}, {{"axes", Axes{}}}},
                                                {{floats({2, 1, 0})}, {{"axes", Axes{1, 2, 0}}}}};
                   },
                   [](const Lift& lift) {
                     Axes axes{0};
                     for (auto axis : lift.attributes.integers("axes")) axes.push_back(axis + 1);
                     return permute(lift.operands[0], axes);
                   }};
    made.layout = [](const Layout& x, const TensorType&,
                     const Attributes& attributes) -> std::optional<MemoryView> {
      MemoryView view;
      for (auto axis : attributes.integers("axes"))
        view.strides.push_back(x.strides[normal_axis(axis, x.type.shape.rank())]);
      return view;
    };
    return made;
  }();
  return operation;
}

Tensor permute(const Tensor& x, const Axes& axes) {
  Axes normal;
  for (auto axis : axes) normal.push_back(checked_axis("permute", x, axis));
  return record(permute_operation(), {x}, {{"axes", normal}});
}

Tensor transpose(const Tensor& x, std::int64_t axis_a, std::int64_t axis_b) {
  check_usable("transpose", x);
  Axes axes(x.rank());
  std::iota(axes.begin(), axes.end(), 0);
  std::swap(axes[checked_axis("transpose", x, axis_a)], axes[checked_axis("transpose", x, axis_b)]);
  return permute(x, axes);
}

}  // namespace reel
