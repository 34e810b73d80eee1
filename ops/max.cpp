#include "reductions.h"
#include "reference/kernels.h"
#include "table.h"

#include <reel/ops.h>

namespace reel {

const Operation& max_operation() {
  static const Operation operation{
      "max",
      Kind::reduction,
      [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
        if (x[0].element == ElementType::boolean) throw RecordError("operands must be numbers, not bool");
        for (auto axis : attributes.integers("axes"))
          if (x[0].shape[normal_axis(axis, x[0].shape.rank())] == 0)
            throw RecordError("axis " + std::to_string(axis) + " is empty and has no largest element");
        return reduced_type(x, attributes);
      },
      {[](const Recorded& y, const Tensor& dy) -> Tensors {
        const auto axes = reduced_axes(y);
        const auto& shape = y[0].shape();
        const auto is_largest = equal(y[0], spread(y, shape, axes));
        const auto count = sum(cast(is_largest, dy.element()), axes);
        return {select(is_largest, spread(dy / count, shape, axes), 0)};
      }},
      {reference::max},
      reduction_samples};
  return operation;
}

Tensor max(const Tensor& x, const Axes& axes, bool keep) { return reduce(max_operation(), x, axes, keep); }
Tensor max(const Tensor& x) { return max(x, all_axes(x)); }

}  // namespace reel
