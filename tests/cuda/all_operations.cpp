#include "all_operations.h"

#include <reel/check_operation.h>
#include <reel/gradients.h>
#include <reel/ops.h>
#include <reel/record.h>

#include <random>

#include "values.h"

namespace reel::test {

namespace {

/// An operation on a sample, and the derivatives of the sum of its squares, elements of type `element`.
OperationOnTape computation(const Operation& operation, const Sample& sample, ElementType element) {
  OperationOnTape made;
  made.element = element;
  made.name = operation.name + " " + to_string(sample.attributes) + " in " + name_of(element);
  made.tape = std::make_unique<Tape>(element);
  const Recording recording(*made.tape);
  std::mt19937_64 random(3);
  Tensors operands;
  for (auto array : random_operands(sample, random)) {
    made.name += " " + to_string(array.type().shape);
    if (is_floating(array.element())) array = array.cast(element);
    operands.push_back(made.tape->argument(array.type()));
    made.arguments.push_back(std::move(array));
  }
  auto attributes = sample.attributes;
  const auto y = record(operation, operands, attributes);
  made.outputs.push_back(y);
  if (!is_floating(y.element())) return made;
  Tensors sources;
  for (const auto& operand : operands)
    if (is_floating(operand.element())) sources.push_back(operand);
  if (sources.empty()) return made;
  for (const auto& gradient : gradients(sum(square(y)), sources)) made.outputs.push_back(gradient);
  return made;
}

}  // namespace

std::vector<OperationOnTape> all_operations() {
  std::vector<OperationOnTape> all;
  for (const auto* operation : operations()) {
    if (!operation->has_value() || operation->kind == Kind::projection || !operation->kernels.reference)
      continue;
    for (const auto& sample : operation->samples())
      for (auto element : {ElementType::float32, ElementType::float64}) {
        const bool has_type = !sample.operands.empty();
        if (!has_type && element == ElementType::float32) continue;
        all.push_back(computation(*operation, sample, element));
      }
  }
  return all;
}

}  // namespace reel::test
