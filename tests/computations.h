#pragma once
#include <reel/gradients.h>
#include <reel/reel.h>

#include "random_cell.h"

/// Computations of many kinds, for what holds of the plan of any.
namespace reel::test {

struct Computation {
  std::string name;
  std::unique_ptr<Tape> tape;
  Tensors outputs;
};

/// A training step's outputs and gradients of an unrolled layer, in float64.
template <class Cell>
Computation training_of(const std::string& name, std::int64_t steps, std::int64_t batch,
                        std::int64_t hidden) {
  const auto element = ElementType::float64;
  Model model(Seed{3}, Device::cpu(1), element);
  const Cell cell(model / "cell", 3, hidden);
  auto tape = std::make_unique<Tape>(element);
  const Recording recording(*tape);
  const auto x = tape->argument({element, {steps, batch, 3}});
  const auto y = unroll(cell, x, cell.initial_state(batch)).outputs;
  Tensors xs{x};
  xs.insert(xs.end(), model.parameters().begin(), model.parameters().end());
  auto outputs = gradients(sum(softmax(y) * y), xs);
  outputs.push_back(y);
  return {name, std::move(tape), outputs};
}

/// A random cell's values and their gradients.
inline Computation random_computation(std::uint64_t seed) {
  const RandomProgram program(seed);
  auto tape = std::make_unique<Tape>(ElementType::float64);
  const Recording recording(*tape);
  Tensors arguments, xs;
  for (const auto& type : program.argument_types()) {
    arguments.push_back(tape->argument(type));
    if (is_floating(type.element)) xs.push_back(arguments.back());
  }
  auto outputs = program.record(arguments, false);
  Tensor total = full({}, 0, ElementType::float64);
  for (const auto& output : outputs) total = total + sum(tanh(output));
  for (const auto& gradient : gradients(total, xs)) outputs.push_back(gradient);
  for (auto& output : outputs) output = bring(*tape, output, "test");
  return {"random cell " + std::to_string(seed), std::move(tape), outputs};
}

inline std::vector<Computation> computations() {
  std::vector<Computation> all;
  all.push_back(training_of<LSTM>("LSTM", 4, 3, 5));
  all.push_back(training_of<GRU>("GRU", 3, 2, 4));
  // Enough rows for sums of their columns within passes.
  all.push_back(training_of<LSTM>("LSTM of many rows", 2, 300, 2));
  for (std::uint64_t seed = 1; seed <= 60; ++seed) all.push_back(random_computation(seed));
  return all;
}

}  // namespace reel::test
