// What the derivative of an unroll has of the forward steps: the cheapest cut, by bytes and costs a step.

#include <passes/min_cut.h>

#include "catch.h"
#include "improved.h"
#include "random_shapes.h"

using namespace reel;
using namespace reel::test;

namespace {

/// Arrays [B, H] that the forward loop writes at each step of a training step.
template <class Cell, class State, class Option>
double written(const State& state, const Option& option) {
  const Training<Cell, State> training(state);
  CompileOptions options;
  option(options);
  return static_cast<double>(counts_of(training.r.tape, training.all, options).loops.at(0).written) / (B * H);
}

constexpr auto with_all = [](CompileOptions&) {};

}  // namespace

TEST_CASE("the smallest cut of a small network") {
  // source -3- a -1- sink, a -1- b -5- sink, source -1- b
  passes::MinCut cut;
  const int a = cut.add_node(), b = cut.add_node();
  cut.add_edge(cut.source(), a, 3);
  cut.add_edge(a, cut.sink(), 1);
  cut.add_edge(a, b, 1);
  cut.add_edge(cut.source(), b, 1);
  cut.add_edge(b, cut.sink(), 5);
  auto too_soon = cut;
  CHECK(too_soon.edge_count() == 10);
  CHECK(!too_soon.source_side(1));
  const auto found = cut.source_side(100);
  REQUIRE(found);
  const auto& side = *found;
  CHECK(side[cut.source()]);
  CHECK(side[a]);
  CHECK(!side[b]);
  CHECK(!side[cut.sink()]);
}

TEST_CASE("the smallest cut of random networks is no cheaper than the cheapest of all") {
  Random random(7);
  for (int round = 0; round < 300; ++round) {
    passes::MinCut cut;
    const int nodes = 2 + below(6, random);
    for (int i = 2; i < nodes; ++i) cut.add_node();
    std::vector<std::tuple<int, int, std::int64_t>> edges;
    for (int i = 0; i < 3 * nodes; ++i)
      edges.emplace_back(below(nodes, random), below(nodes, random), below(9, random));
    for (const auto& [from, to, capacity] : edges) cut.add_edge(from, to, capacity);
    // Bit i of a set: whether node i is on the side of the source.
    const auto price = [&](int side) {
      std::int64_t sum = 0;
      for (const auto& [from, to, capacity] : edges)
        if ((side >> from & 1) && !(side >> to & 1)) sum += capacity;
      return sum;
    };
    int cheapest = 1, fewest = 1;
    for (int side = 1; side < 1 << nodes; side += 4) {  // the source, and not the sink
      if (price(side) < price(cheapest)) cheapest = fewest = side;
      if (price(side) == price(cheapest)) fewest &= side;
    }
    const auto found = cut.source_side(10000);
    REQUIRE(found);
    int side = 0;
    for (int i = 0; i < nodes; ++i) side |= (*found)[i] << i;
    CHECK(side == fewest);
  }
}

TEST_CASE(
    "an LSTM keeps its four gates, the memory and the output, once each, and a small one tanh of the "
    "memory") {
  CHECK(written<LSTM>(lstm_state(), LeastMemory) == 6);
  CHECK(written<benchmarks::CustomLSTM>(lstm_state(), LeastMemory) == 6);
  CHECK(written<benchmarks::PeepholeLSTM>(lstm_state(), LeastMemory) == 6);
  CHECK(written<LSTM>(lstm_state(), with_all) == 7);
  CHECK(written<benchmarks::CustomLSTM>(lstm_state(), with_all) == 7);
  CHECK(written<benchmarks::PeepholeLSTM>(lstm_state(), with_all) == 7);
  CHECK(written<LSTM>(lstm_state(), Without("residuals")) == 7);
}

TEST_CASE("what is cheap is not kept") {
  const auto h = zeros({B, H}, d);
  CHECK(written<RNN>(h, with_all) == 1);
  // Both gates, the candidate, its product of the state, and the state.
  CHECK(written<GRU>(h, with_all) == 5);
  CHECK(written<benchmarks::MinimalGatedUnit>(h, with_all) == 3);
}

TEST_CASE("an expensive map is computed again only where that saves an array") {
  Recorder r;
  const auto x = r.input({T, B}), w = r.input({B});
  const auto cell = [&](const Tensor& xt, const Tensor& s) { return sigmoid(exp(w * s) + xt); };
  const auto outputs = unroll(cell, x, zeros({B}, d)).outputs;
  Tensors all{outputs};
  for (const auto& g : gradients(sum(outputs), {x, w})) all.push_back(g);
  const auto written = [&](const auto& option) {
    CompileOptions options;
    option(options);
    return counts_of(r.tape, all, options).loops.at(0).written;
  };
  // exp(w s) of the state, which is there; where caches hold it, to keep it takes less than both maps.
  CHECK(written(LeastMemory) == B);
  CHECK(written(with_all) == 2 * B);
  r.check(all);
}

TEST_CASE("residuals of an unroll nested in a step") {
  Recorder r;
  const auto x = r.input({T, B}), w = r.input({B});
  const auto inner = [&](const Tensor& s) { return tanh(square(s) * w) + s; };
  const auto outer = [&](const Tensor& xt, const Tensor& s) { return tanh(xt + unroll(inner, 3, s).state); };
  const auto outputs = unroll(outer, x, zeros({B}, d)).outputs;
  Tensors all{outputs};
  for (const auto& g : gradients(sum(square(outputs)), {x, w})) all.push_back(g);
  for (const auto& g : gradients(sum(square(all[1])), {x, w})) all.push_back(g);
  r.check(all);
}
