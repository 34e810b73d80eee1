// What is left in the loops once an unroll is split, and that it means the same.

#include <iostream>
#include <sstream>

#include <passes/split/step_plan.h>

#include "catch.h"
#include "improved.h"

using namespace reel;
using namespace reel::test;

TEST_CASE("what does not depend on the state leaves the loop, and is one product for all steps") {
  Recorder r;
  const auto x = r.input({T, B, I}), W = r.input({I, H}), V = r.input({H, 2});
  const auto cell = [&](const Tensor& xt, const Tensor& s) {
    const auto next = tanh(s + matmul(xt, W));
    return std::pair(matmul(next, V), next);
  };
  const auto [outputs, last] = unroll(cell, x, zeros({B, H}, d));
  Tensors all{outputs, last};
  for (const auto& gradient : gradients(sum(square(outputs)) + sum(last), {x, W, V})) all.push_back(gradient);
  const auto counts = counts_of(r.tape, all);
  REQUIRE(counts.loops.size() == 1);  // the derivative is a scan
  for (const auto& loop : counts.loops) CHECK(loop.products == 0);
  CHECK(counts.products == 6);         // x W, s V, and the gradients of x, W, s, V
  CHECK(counts.largest == T * B * H);  // no gradient of a matrix at every step
  r.check(all);
}

TEST_CASE("a carry that no cycle passes through is a sequence, shifted by a step") {
  for (const bool reverse : {false, true}) {
    Recorder r;
    const auto x = r.input({T, B}), before = r.input({B});
    const auto options = [&](UnrollOptions& o) { o.reverse = reverse; };
    const auto cell = [](const Tensor& xt, const std::pair<Tensor, Tensor>& s) {
      return std::pair(xt * s.first - s.second, std::pair(tanh(xt), s.first));
    };
    const auto [outputs, last] = unroll(cell, x, std::pair(before, 2 * before), options);
    Tensors all{outputs, last.first, last.second};
    for (const auto& gradient : gradients(sum(square(outputs)) + sum(last.second), {x, before}))
      all.push_back(gradient);
    CHECK(counts_of(r.tape, all).loops.empty());
    r.check(all);
  }
}

TEST_CASE("cycles that do not meet are loops of their own, one behind the other") {
  Recorder r;
  const auto x = r.input({T, B});
  const auto cell = [](const Tensor& xt, const std::pair<Tensor, Tensor>& s) {
    const auto first = tanh(s.first + xt);
    return std::pair(first, sigmoid(s.second * first));
  };
  const auto [outputs, last] = unroll(cell, x, std::pair(zeros({B}, d), ones({B}, d)));
  const Tensors all{outputs.second, last.first, last.second};
  const auto counts = counts_of(r.tape, all);
  REQUIRE(counts.loops.size() == 2);
  for (const auto& loop : counts.loops) CHECK(loop.carries == 1);
  r.check(all);
}

TEST_CASE("cycles of maps that know nothing of one another are one loop where they are small") {
  for (const std::int64_t width : {3, 20000}) {
    Recorder r;
    const auto x = r.input({T, width});
    const auto cell = [](const Tensor& xt, const std::pair<Tensor, Tensor>& s) {
      return std::pair(tanh(s.first + xt), sigmoid(s.second - xt));
    };
    const auto [outputs, last] = unroll(cell, x, std::pair(zeros({width}, d), ones({width}, d)));
    Tensors all{outputs.first, outputs.second, last.first, last.second};
    for (const auto& gradient : gradients(sum(square(outputs.first * outputs.second)), {x}))
      all.push_back(gradient);
    const auto counts = counts_of(r.tape, all);
    REQUIRE(counts.loops.size() == (width < 10 ? 1 : 2));  // backward they are scans
    for (const auto& loop : counts.loops) CHECK(loop.carries == (width < 10 ? 2 : 1));
    r.check(all);
  }
}

TEST_CASE("cycles with products that know nothing of one another are loops of their own") {
  Recorder r;
  const auto x = r.input({T, B, H}), U = r.input({H, H}), V = r.input({H, H});
  const auto cell = [&](const Tensor& xt, const std::pair<Tensor, Tensor>& s) {
    return std::pair(tanh(matmul(s.first, U) + xt), sigmoid(matmul(s.second, V) - xt));
  };
  const auto [outputs, last] = unroll(cell, x, std::pair(zeros({B, H}, d), ones({B, H}, d)));
  const Tensors all{outputs.first, outputs.second, last.first, last.second};
  CHECK(counts_of(r.tape, all).loops.size() == 2);
  r.check(all);
}

TEST_CASE("an unroll nested in a step that does not depend on the state runs for all steps at once") {
  Recorder r;
  const auto x = r.input({T, 4, B}), w = r.input({B});
  const auto inner = [&](const Tensor& xt, const Tensor& s) { return tanh(xt + s * w); };
  const auto outer = [&](const Tensor& xs, const Tensor& s) {
    const auto [outputs, last] = unroll(inner, xs, zeros({B}, d));
    return tanh(s * last + sum(outputs, {0}));
  };
  const auto [outputs, last] = unroll(outer, x, ones({B}, d));
  Tensors all{outputs, last};
  for (const auto& gradient : gradients(sum(square(outputs)), {x, w})) all.push_back(gradient);
  const auto counts = counts_of(r.tape, all);
  CHECK(counts.loops.size() == 2);  // backward they are scans
  for (const auto& loop : counts.loops) CHECK(loop.nested == 0);
  r.check(all);
}

TEST_CASE("what would be large at all steps is added up in a loop") {
  Recorder r;
  const auto x = r.input({T, B, H}), memory = r.input({B, 9, H}), v = r.input({H});
  const auto cell = [&](const Tensor& xt, const Tensor& s) {
    const auto places = tanh(memory + reshape(xt, {B, 1, H}));
    return std::pair(places, tanh(s + sum(places * v, {1, 2}, false)));
  };
  Tensor places;
  const auto result = unroll(
      [&](const Tensor& xt, const Tensor& s) {
        const auto [all, next] = cell(xt, s);
        places = all;
        return next;
      },
      x, zeros({B}, d));
  const Tensors all{result.outputs, result.node.summed(places)};
  const auto counts = counts_of(r.tape, all);
  CHECK(counts.largest < T * B * 9 * H);
  r.check(all);
}

TEST_CASE("an unroll that recomputes stays whole") {
  const Training<GRU, Tensor> training(zeros({B, H}, d), Recompute);
  const auto counts = counts_of(training.r.tape, training.all);
  CHECK(counts.products == 0);
  CHECK(counts.loops.size() == 2);
}

TEST_CASE("an unroll nested in a step that recomputes stays in a loop: nothing of it is stored") {
  Recorder r;
  const auto x = r.input({T, 4, B}), w = r.input({B});
  const auto inner = [&](const Tensor& xt, const Tensor& s) { return tanh(xt + s * w); };
  const auto outer = [&](const Tensor& xs, const Tensor& s) {
    return tanh(s + unroll(inner, xs, zeros({B}, d), Recompute).state);
  };
  const auto outputs = unroll(outer, x, ones({B}, d)).outputs;
  const auto counts = counts_of(r.tape, {outputs});
  // The loop of the inner unroll, within a loop of its own, and the loop of the state.
  REQUIRE(counts.loops.size() == 3);
  CHECK(counts.loops[0].nested + counts.loops[1].nested + counts.loops[2].nested == 1);
  Tensors all{outputs};
  for (const auto& g : gradients(sum(square(outputs)), {x, w})) all.push_back(g);
  r.check(all);
}

TEST_CASE("sequences of different lengths, and gradients cut off every few steps") {
  Recorder r;
  const auto x = r.input({T, B, H}), U = r.input({H, H});
  const auto lengths = constant(Array(Shape{B, 1}, std::vector<double>{3, 6}));
  const auto cell = [&](const Tensor& in, const std::pair<Tensor, Tensor>& s) {
    const auto& [t, h] = s;
    const auto is_cut = remainder(t, 3) == 0;
    const auto before = select(is_cut, stop_gradient(h), h);
    const auto next = tanh(matmul(before, U) + in);
    const auto is_over = t >= lengths;
    return std::pair(select(is_over, 0, next), std::pair(t + 1, select(is_over, h, next)));
  };
  const auto [outputs, last] = unroll(cell, x, std::pair(zeros({B, 1}, d), zeros({B, H}, d)));
  Tensors all{outputs, last.second};
  for (const auto& g : gradients(sum(square(outputs)) + sum(last.second), {x, U})) all.push_back(g);
  const auto counts = counts_of(r.tape, all);
  for (const auto& loop : counts.loops) CHECK(loop.products <= 1);
  r.check(all);
}

TEST_CASE("effects happen at their steps, in order, and once") {
  std::ostringstream captured;
  auto* const before = std::cerr.rdbuf(captured.rdbuf());
  {
    Recorder r;
    const auto x = constant(doubles({2}, {1, 2}));
    const auto cell = [](const Tensor& xt, const Tensor& s) {
      print(xt, "x");
      return print(s + xt, "s");
    };
    const auto [outputs, last] = unroll(cell, x, zeros({}, d));
    compile(r.tape, {last}).run(std::vector<Array>{});
  }
  std::cerr.rdbuf(before);
  CHECK(captured.str() ==
        "x [step 0] = float64[] {1}\ns [step 0] = float64[] {1}\n"
        "x [step 1] = float64[] {2}\ns [step 1] = float64[] {3}\n");
}

TEST_CASE("no steps: nothing of the step is computed") {
  Recorder r;
  const auto x = r.input({0, B}), w = r.input({B});
  Tensor ratio;
  const auto result = unroll(
      [&](const Tensor& xt, const Tensor& s) {
        ratio = w / (w - w);  // would be infinite
        return s + xt;
      },
      x, w);
  const Tensors all{result.outputs, result.state, result.node.summed(ratio), result.node.stacked(ratio)};
  CHECK(counts_of(r.tape, all).loops.empty());
  r.check(all);
}

TEST_CASE("shift: a sequence one step later, from a first value") {
  Recorder r;
  const auto first = r.input({2}), x = r.input({3, 2});
  const auto later = shift(first, x), earlier = shift(first, x, 0, true);
  CHECK_THROWS_AS(shift(x, x), RecordError);
  const auto values = compile(r.tape, {later, earlier}).run(r.inputs);
  for (int i = 0; i < 2; ++i) {
    CHECK(values[0].at(i) == r.inputs[0].at(i));
    CHECK(values[0].at(2 + i) == r.inputs[1].at(i));
    CHECK(values[0].at(4 + i) == r.inputs[1].at(2 + i));
    CHECK(values[1].at(i) == r.inputs[1].at(2 + i));
    CHECK(values[1].at(4 + i) == r.inputs[0].at(i));
  }
}

TEST_CASE("a split cell computes what it did") {
  const auto check = [](auto&& training) { training.r.check(training.all); };
  check(Training<RNN, Tensor>(zeros({B, H}, d)));
  check(Training<GRU, Tensor>(zeros({B, H}, d)));
  check(Training<GRU, Tensor>(zeros({B, H}, d), Reverse));
  check(Training<GRU, Tensor>(zeros({B, H}, d), Recompute));
  check(Training<LSTM, LSTMState>(lstm_state()));
  check(Training<benchmarks::CustomGRU, Tensor>(zeros({B, H}, d)));
  check(Training<benchmarks::CustomLSTM, LSTMState>(lstm_state()));
  check(Training<benchmarks::MinimalGatedUnit, Tensor>(zeros({B, H}, d)));
  check(Training<benchmarks::PeepholeLSTM, LSTMState>(lstm_state()));
  check(Training<benchmarks::LayerNormLSTM, LSTMState>(lstm_state()));
}

TEST_CASE("what becomes of each value of a step is decided in a table that can be printed") {
  Recorder r;
  const auto x = r.input({T, B, I}), W = r.input({I, H});
  const auto cell = [&](const Tensor& xt, const Tensor& s) { return tanh(s + matmul(xt, W)); };
  const auto node = unroll(cell, x, zeros({B, H}, d)).node;
  const auto& body = node.body();
  const auto next = body.next[0];
  limits::Met met;
  const auto plan = passes::plan_steps(
      body, T, {{Projection::Kind::stacked, next}, {Projection::Kind::summed, next}}, {}, met);
  const auto text = to_string(plan, *body.tape);
  INFO(text);
  const auto line_of = [&](const std::string& operation) {
    const auto at = text.find(" " + operation + ":");
    REQUIRE(at != std::string::npos);
    return text.substr(at, text.find('\n', at) - at);
  };
  // The state's product of x is had for all steps at once, the rest in the loop.
  CHECK(line_of("matmul").find("at every step") != std::string::npos);
  CHECK(line_of("matmul").find("in loop") == std::string::npos);
  CHECK(line_of("tanh").find("in loop") != std::string::npos);
  CHECK(line_of("tanh").find("at every step, summed when all steps are there") != std::string::npos);
}

TEST_CASE("the adjoints of slices that make up a value are joined, and nothing is padded and added up") {
  Recorder r;
  const auto x = r.input({B, 6});
  const auto parts = split(x, 3);
  const auto y = sum(sin(parts[0]) * cos(parts[1]) + exp(parts[2]));
  const Tensors all{y, gradients(y, {x})[0]};
  const auto improved = passes::improve(r.tape, {all[0].id(), all[1].id()}, {});
  for (NodeId id = 0; id < improved.tape->size(); ++id)
    CHECK(improved.tape->node(id).operation != &pad_operation());
  r.check(all);
}
