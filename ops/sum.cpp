#include "reductions.h"
#include "reference/kernels.h"
#include "table.h"

#include <reel/ops.h>

namespace reel {

const Operation& sum_operation() {
  static const Operation operation{
      "sum",
      Kind::reduction,
      [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
        if (x[0].element == ElementType::boolean) throw RecordError("operands must be numbers, not bool");
        return reduced_type(x, attributes);
      },
      {[](const Recorded& y, const Tensor& dy) -> Tensors {
        return {spread(dy, y[0].shape(), reduced_axes(y))};
      }},
      {reference::sum},
      [] {
        auto samples = reduction_samples();
        samples.push_back({{floats({2, 0})}, {{"axes", Axes{1}}}});
        return samples;
      }};
  return operation;
}

Tensor sum(const Tensor& x, const Axes& axes, bool keep) { return reduce(sum_operation(), x, axes, keep); }
Tensor sum(const Tensor& x) { return sum(x, all_axes(x)); }

Tensor mean(const Tensor& x, const Axes& axes, bool keep) {
  const auto total = sum(x, axes, keep);
  const auto count = static_cast<double>(x.shape().size()) / static_cast<double>(total.shape().size());
  return total * (1 / count);
}
Tensor mean(const Tensor& x) { return mean(x, all_axes(x)); }

}  // namespace reel
