#include <reel/record.h>
#include <reel/structural.h>

#include "reference/kernels.h"
#include "samples.h"
#include "table.h"

namespace reel {

const Operation& flip_operation() {
  static const Operation operation{
      "flip",
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
  return operation;
}

Tensor flip(const Tensor& x, const Axes& axes) {
  Axes normal;
  for (auto axis : axes) normal.push_back(checked_axis("flip", x, axis));
  return record(flip_operation(), {x}, {{"axes", normal}});
}

}  // namespace reel
