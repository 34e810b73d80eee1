#include <reel/ops.h>

#include "cuda/kernels.h"
#include "reduction.h"
#include "reference/kernels.h"
#include "table.h"

// Positions of extremes.

namespace reel {

namespace {

Operation arg_extreme(const char* name, Kernel kernel, bool largest) {
  const auto infer = [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
    return {ElementType::int64, reducing::infer_extreme(x, attributes).shape};
  };
  const auto samples = [] {
    return std::vector<Sample>{{{floats({4})}, {{"axes", Axes{0}}}},
                               {{floats({2, 3})}, {{"axes", Axes{0}}}},
                               {{floats({2, 3, 2})}, {{"axes", Axes{1}}}},
                               {{floats({0, 3})}, {{"axes", Axes{1}}}}};
  };
  return {name,
          Kind::reduction,
          infer,
          Derivative::none(),
          {std::move(kernel), cuda::arg_extreme_kernels(largest)},
          samples};
}

}  // namespace

const Operation& argmax_operation() {
  static const auto operation = arg_extreme("argmax", reference::argmax, true);
  return operation;
}

const Operation& argmin_operation() {
  static const auto operation = arg_extreme("argmin", reference::argmin, false);
  return operation;
}

Tensor argmax(const Tensor& x, std::int64_t axis, bool keep) {
  return reducing::reduce(argmax_operation(), x, {axis}, keep);
}
Tensor argmin(const Tensor& x, std::int64_t axis, bool keep) {
  return reducing::reduce(argmin_operation(), x, {axis}, keep);
}

}  // namespace reel
