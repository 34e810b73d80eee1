#include "cpu/loops.h"
#include "cpu/recorded/maps.h"
#include "cuda/kernels.h"
#include "reference/kernels.h"
#include "samples.h"
#include "table.h"

#include <reel/record.h>
#include <reel/structural.h>

namespace reel {

const Operation& select_operation() {
  static const Operation operation{
      "select",
      Kind::map,
      [](const std::vector<TensorType>& operands, const Attributes&) -> TensorType {
        if (operands[0].element != ElementType::boolean) throw RecordError("the condition must be bool");
        if (operands[1] != operands[2] || operands[0].shape != operands[1].shape)
          throw RecordError("condition and both branches must have one shape, and the branches one type");
        return operands[1];
      },
      {[](const Recorded& y, const Tensor& dy) -> Tensors {
        return {{}, select(y[0], dy, 0), select(y[0], 0, dy)};
      }},
      {reference::select,
       CpuKernels{
           [](const std::vector<ElementType>& operands, ElementType) {
             return cpu::loops().select(operands[1]);
           },
           [](const std::vector<ElementType>& operands) { return cpu::recorded::select(operands[1]); }},
       cuda::select_kernels()},
      [] {
        std::vector<Sample> samples;
        for (const Shape& shape : {Shape{}, Shape{4}, Shape{2, 3}, Shape{0, 2}})
          samples.push_back({{{{ElementType::boolean, shape}, 0, 2}, floats(shape), floats(shape)}, {}});
        return samples;
      },
      nullptr,
      Algebra::linear_in({{1, 2}}),
      nullptr,
      1.4};
  return operation;
}

Tensor select(const Tensor& condition, const Tensor& if_true, const Tensor& if_false) {
  check_usable("select", {condition, if_true, if_false});
  const auto branches = widened("select", {if_true, if_false});
  const auto &a = branches[0], &b = branches[1];
  const auto element = common_element("select", branches);
  auto& tape = destination("select", {condition, a, b});
  Shape shape;
  try {
    for (const auto& operand : {condition, a, b}) shape = broadcast_shape(shape, operand.shape());
  } catch (const RecordError& rule) {
    refuse("select", rule.rule(), {condition, a, b});
  }
  return record(select_operation(), {bring_broadcast(tape, condition, shape, ElementType::boolean, "select"),
                                     bring_broadcast(tape, a, shape, element, "select"),
                                     bring_broadcast(tape, b, shape, element, "select")});
}

}  // namespace reel
