// Unrolls within unrolls within unrolls: every level adds an axis to what is stacked.

#include <reel/reel.h>

#include "catch.h"
#include "devices.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

using Cell = std::function<std::pair<Tensor, Tensor>(const Tensor&)>;

/// Two steps of `cell`, as a step: the outputs of both, and the state behind them.
template <class... Options>
Cell twice(const Cell& cell, const Options&... options) {
  return [=](const Tensor& s) -> std::pair<Tensor, Tensor> {
    const auto [outputs, state] = unroll(cell, 2, s, options...);
    return {outputs, state};
  };
}

/// s, s', s'', ... over 2^levels steps, as [2, 2, ..., the shape of s].
template <class... Options>
Tensor nested(int levels, Cell cell, const Tensor& state, const Options&... options) {
  for (int level = 0; level < levels; ++level) cell = twice(cell, options...);
  return cell(state).first;
}

}  // namespace

TEST_CASE("eight nested unrolls and their gradient are the same steps one after the other", "[devices]") {
  constexpr int levels = 8;
  const Shape shape{2, 3};
  std::mt19937_64 random(1);
  const std::vector<Array> inputs{random_array({ElementType::float64, shape}, random),
                                  random_array({ElementType::float64, shape}, random)};
  const auto run = [&](const Device& device, const auto&... options) {
    Tape tape(ElementType::float64);
    Recording recording(tape);
    const auto s = tape.argument(inputs[0].type()), w = tape.argument(inputs[1].type());
    const Cell cell = [&](const Tensor& s) -> std::pair<Tensor, Tensor> {
      const auto next = tanh(w + s);
      return {next * w, next};
    };
    const auto outputs = nested(levels, cell, s, options...);
    REQUIRE(outputs.rank() == levels + 2);
    const auto weights = reshape(iota(outputs.shape().size(), ElementType::float64), outputs.shape());
    const auto y = sum(sin(outputs * weights));
    auto results = gradients(y, {s, w});
    results.push_back(y);
    return compile(tape, results, device).run(inputs);
  };
  const auto expected = run(Device::cpu(1), Expanded);
  for (const auto& device : devices()) {
    const auto results = run(device);
    for (std::size_t i = 0; i < results.size(); ++i)
      CHECK(difference(results[i], expected[i]) <= 1e-9 * (1 + largest(expected[i])));
  }
}

TEST_CASE("eight nested unrolls of a linear recurrence have the derivative of its sum") {
  Tape tape(ElementType::float64);
  Recording recording(tape);
  const auto a = tape.argument({ElementType::float64, {}});
  const Cell cell = [&](const Tensor& s) -> std::pair<Tensor, Tensor> { return {a * s, a * s}; };
  const auto y = sum(nested(8, cell, 1));
  const auto results = compile(tape, {y, gradients(y, {a})[0]}).run({Array(0.99)});
  double value = 0, slope = 0;
  for (int t = 1; t <= 256; ++t) {
    value += std::pow(0.99, t);
    slope += t * std::pow(0.99, t - 1);
  }
  CHECK(results[0].item() == Approx(value));
  CHECK(results[1].item() == Approx(slope));
}

TEST_CASE("where nesting asks for more axes than a shape has the unroll says so") {
  Tape tape;
  Recording recording(tape);
  const ScopeGuard guard("net/deep");
  const auto s = tape.argument({ElementType::float32, {2, 3}});
  const Cell cell = [](const Tensor& s) -> std::pair<Tensor, Tensor> { return {s, tanh(s)}; };
  CHECK_NOTHROW(nested(Shape::max_rank - 2, cell, s));
  const auto limit = std::to_string(Shape::max_rank);
  CHECK_THROWS_WITH(nested(Shape::max_rank - 1, cell, s),
                    ContainsSubstring("[unroll]") && ContainsSubstring("at most " + limit + " axes") &&
                        ContainsSubstring("net/deep") && ContainsSubstring("2, 3]"));
  // Only the last state of each is read, so that nothing is stacked; but the derivative reads every state.
  Cell last = [](const Tensor& s) -> std::pair<Tensor, Tensor> { return {sum(s), tanh(s)}; };
  for (int level = 0; level < Shape::max_rank - 1; ++level) last = twice(last);
  const auto y = sum(last(s).second);
  CHECK_THROWS_WITH(gradients(y, {s}), ContainsSubstring("[unroll]") &&
                                           ContainsSubstring("at most " + limit + " axes") &&
                                           ContainsSubstring("net/deep"));
}
