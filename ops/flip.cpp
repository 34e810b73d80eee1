#include <reel/record.h>
#include <reel/structural.h>

#include "reference/kernels.h"
#include "samples.h"
#include "table.h"

namespace reel {

const Operation& flip_operation() {
  static const Operation operation = [] {
    Operation made{"flip",
                   Kind::index_map,
                   [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
                     normal_axes(attributes.integers("axes"), x[0].shape.rank());
                     return x[0];
                   },
                   {[](const Recorded& y, const Tensor& dy) -> Tensors {
                     return {flip(dy, y.attributes().integers("axes"))};
                   }},
                   {reference::flip},
                   [] {
                     return std::vector<Sample>{{{floats({4})}, {{"axes", Axes{0}}}},
                                                {{floats({2, 3, 2})}, {{"axes", Axes{0, 2}}}},
                                                {{floats({2, 0})}, {{"axes", Axes{0}}}},
                                                {{floats({2, 3})}, {{"axes", Axes{}}}}};
                   }};
    made.layout = [](const Layout& x, const TensorType& y,
                     const Attributes& attributes) -> std::optional<MemoryView> {
      MemoryView view{0, x.strides};
      for (auto axis : normal_axes(attributes.integers("axes"), x.type.shape.rank())) {
        if (y.shape.size() > 0) view.first += (x.type.shape[axis] - 1) * x.strides[axis];
        view.strides[axis] = -x.strides[axis];
      }
      return view;
    };
    return made;
  }();
  return operation;
}

Tensor flip(const Tensor& x, const Axes& axes) {
  Axes normal;
  for (auto axis : axes) normal.push_back(checked_axis("flip", x, axis));
  return record(flip_operation(), {x}, {{"axes", normal}});
}

}  // namespace reel
