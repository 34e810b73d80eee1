#pragma once
#include <reel/gradients.h>

#include "random_cell.h"

namespace reel::test {

/// A scalar in which every element of every tensor counts, not linearly.
inline Tensor total(const Tensors& tensors) {
  Tensor sum_of_all = full({}, 0, ElementType::float64);
  double weight = 1;
  for (const auto& tensor : tensors) sum_of_all = sum_of_all + sum(tanh((weight *= 0.9) * tensor));
  return sum_of_all;
}

/// Records a program on a tape: its values, gradients of their total, and gradients of the total of those.
inline Tensors record_with_gradients(const RandomProgram& program, bool expanded, Tape& tape) {
  Recording recording(tape);
  Tensors arguments, xs;
  for (const auto& type : program.argument_types()) {
    arguments.push_back(tape.argument(type));
    if (is_floating(type.element)) xs.push_back(arguments.back());
  }
  auto outputs = program.record(arguments, expanded);
  const auto first = gradients(total(outputs), xs);
  const auto second = gradients(total(first), xs);
  for (auto* list : {&first, &second}) outputs.insert(outputs.end(), list->begin(), list->end());
  for (auto& output : outputs) output = bring(tape, output, "test");
  return outputs;
}

}  // namespace reel::test
