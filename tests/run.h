#pragma once
#include <reel/gradients.h>
#include <reel/ops.h>
#include <reel/program.h>
#include <reel/record.h>

#include <limits>

#include "values.h"

/// Operations applied to numbers.
namespace reel::test {

using List = std::vector<double>;
constexpr double infinity = std::numeric_limits<double>::infinity();

inline std::vector<Array> run(const std::vector<Array>& inputs,
                              const std::function<Tensors(const Tensors&)>& f) {
  Tape tape(ElementType::float64);
  Recording recording(tape);
  Tensors arguments, outputs;
  for (const auto& input : inputs) arguments.push_back(tape.argument(input.type()));
  for (const auto& output : f(arguments)) outputs.push_back(bring(tape, output, "test"));
  return compile(tape, outputs).run(inputs);
}

inline List values(const Array& array) {
  List result;
  for (std::int64_t i = 0; i < array.size(); ++i) result.push_back(array.at(i));
  return result;
}

/// f(x)
inline List value(const List& x, const std::function<Tensor(Tensor)>& f) {
  return values(run({Array(x)}, [&](const Tensors& in) -> Tensors { return {f(in[0])}; })[0]);
}

/// d sum(f(x)) / dx
inline List slope(const List& x, const std::function<Tensor(Tensor)>& f) {
  return value(x, [&](Tensor in) { return gradients(f(in), {in})[0]; });
}

/// d sum(slope) / dx
inline List curvature(const List& x, const std::function<Tensor(Tensor)>& f) {
  return slope(x, [&](Tensor in) { return gradients(f(in), {in})[0]; });
}

/// d sum(f(a, b)) / da and by b, one behind the other.
inline List slopes(const List& a, const List& b, const std::function<Tensor(Tensor, Tensor)>& f) {
  return values(run({Array(a), Array(b)}, [&](const Tensors& in) -> Tensors {
    return {concat(gradients(f(in[0], in[1]), in))};
  })[0]);
}

}  // namespace reel::test
