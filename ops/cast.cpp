#include "cpu/loops.h"
#include "cuda/kernels.h"
#include "reference/kernels.h"
#include "samples.h"
#include "table.h"

#include <reel/record.h>
#include <reel/structural.h>

namespace reel {

const Operation& cast_operation() {
  static const Operation operation{
      "cast",
      Kind::map,
      [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
        return {static_cast<ElementType>(attributes.integer("element")), x[0].shape};
      },
      {[](const Recorded& y, const Tensor& dy) -> Tensors { return {cast(dy, y[0].element())}; }},
      {reference::cast, CpuKernels{[](const std::vector<ElementType>& operands, ElementType result) {
         return cpu::loops().cast(operands[0], result);
       }},
       cuda::cast_kernels()},
      [] {
        const auto to = [](ElementType element) {
          return Attributes{{"element", static_cast<std::int64_t>(element)}};
        };
        return std::vector<Sample>{{{floats({2, 3})}, to(ElementType::float64)},
                                   {{{{ElementType::int32, {3}}, 0, 5}}, to(ElementType::float64)},
                                   {{floats({3})}, to(ElementType::int64)},
                                   {{{{ElementType::boolean, {3}}, 0, 2}}, to(ElementType::float64)}};
      }};
  return operation;
}

Tensor cast(const Tensor& x, ElementType element) {
  check_usable("cast", x);
  if (x.recorded() && x.element() == element) return x;
  return record(cast_operation(), {x}, {{"element", static_cast<std::int64_t>(element)}});
}

}  // namespace reel
