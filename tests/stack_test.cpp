// Stacks, shortcuts, both directions, zoneout and initial states: cells of cells.

#include <reel/reel.h>

#include "catch.h"
#include "refusals.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

namespace {

/// A user's cell: a leaky average with its input as the output.
struct Leaky {
  double keep;
  std::pair<Tensor, Tensor> operator()(const Tensor& x, const Tensor& s) const {
    const auto next = keep * s + (1 - keep) * x;
    return {x + next, next};
  }
};

Model float64_net() { return Model(Seed{3}, Device::cpu(), ElementType::float64); }

Array sequence(std::int64_t steps, std::int64_t batch, std::int64_t size) {
  std::mt19937_64 random(7);
  return random_array({ElementType::float64, {steps, batch, size}}, random);
}

}  // namespace

TEST_CASE("a stack is the cells one on the other, layers between them, in one unroll", "[stack]") {
  auto model = float64_net();
  const LSTM first(model / "first", 3, 4, Peepholes);
  const Linear middle(model / "middle", 4, 5);
  const GRU second(model / "second", 5, 5);
  const std::vector<MGU> units{MGU(model / "u1", 5, 5), MGU(model / "u2", 5, 5)};
  const auto doubled = [](const Tensor& x) { return 2 * x; };
  const Stack stack(first, middle, Residual(second), doubled, units, Leaky{0.5});
  Function run(model, [&](const Tensor& x) {
    const auto start = zeros({2, 5});
    const auto state = std::tuple(first.initial_state(2), start, std::vector<Tensor>{start, start}, start);
    const auto [y, last] = unroll(stack, x, state);
    // By hand, layer by layer.
    const auto a = unroll(first, x, first.initial_state(2));
    const auto b = middle(a.outputs);
    const auto c = unroll(second, b, start);
    const auto d = unroll(units[0], 2 * (b + c.outputs), start);
    const auto e = unroll(units[1], d.outputs, start);
    const auto f = unroll(Leaky{0.5}, e.outputs, start);
    return std::tuple(y, f.outputs, std::get<0>(last).c, a.state.c, std::get<2>(last)[1], e.state,
                      std::get<3>(last), f.state,
                      gradients(sum(square(y)), {first.input.W, units[0].forget.U}),
                      gradients(sum(square(f.outputs)), {first.input.W, units[0].forget.U}));
  });
  const auto [y, y2, c, c2, u, u2, l, l2, g, g2] = run(sequence(4, 2, 3));
  CHECK(difference(y, y2) < 1e-14);
  CHECK(difference(c, c2) < 1e-14);
  CHECK(difference(u, u2) < 1e-14);
  CHECK(difference(l, l2) < 1e-14);
  CHECK(difference(g[0], g2[0]) < 1e-12);
  CHECK(difference(g[1], g2[1]) < 1e-12);
}

TEST_CASE("a stack says what it takes", "[stack]") {
  auto model = float64_net();
  const std::vector<MGU> units{MGU(model / "u1", 3, 3), MGU(model / "u2", 3, 3)};
  const Residual narrow(MGU(model / "narrow", 3, 2));
  const Stack stack(units);
  Function two(model, [&](const Tensor& x) {
    return unroll(stack, x, std::tuple(std::vector<Tensor>{zeros({2, 3})})).outputs;
  });
  require_parts(message_of([&] { two(sequence(4, 2, 3)); }), {"[Stack]", "2 cells", "1 states"});
  Function residual(model, [&](const Tensor& x) { return unroll(narrow, x, zeros({2, 2})).outputs; });
  require_parts(message_of([&] { residual(sequence(4, 2, 3)); }), {"[Residual]", "[2, 3]", "[2, 2]"});
  const auto add = [](const Tensor& x, const Tensor& s) -> Tensor { return s + x; };
  Function numbers(model, [&](const Tensor& x) {
    return unroll(Bidirectional(add, add), x, std::pair(zeros({}), zeros({}))).outputs;
  });
  require_parts(message_of([&] {
                  numbers(doubles({3}, {1, 2, 3}));
                }),
                {"[Bidirectional]", "joined along their features", "float64[3]"});
  for (const double rate : {-0.5, 1.5}) {
    Function dropped(model, [&](const Tensor& x) { return dropout(x, rate); });
    require_parts(message_of([&] { dropped(sequence(4, 2, 3)); }),
                  {"[dropout]", "a rate is from 0 to 1, not " + std::to_string(rate)});
  }
}

TEST_CASE("both directions with lengths: the second starts at each sequence's end", "[stack]") {
  auto model = float64_net();
  const GRU forward(model / "forward", 3, 4), backward(model / "backward", 3, 2);
  const Bidirectional both(forward, backward);
  const Stack deep(
      both, Linear(model / "between", 6, 3),
      Residual(Stack(Bidirectional(Leaky{0.5}, MGU(model / "m", 3, 3)), Linear(model / "back", 6, 3))));
  Function run(model, [&](const Tensor& x, const Tensor& lengths, const Tensor& alone) {
    const auto [y, state] = unroll(both, x, both.initial_state(2), Lengths(lengths));
    const auto [z, last] = unroll(both, alone, both.initial_state(1));
    const auto start = [&](std::int64_t batch) {
      const auto zero = zeros({batch, 3});
      return std::tuple(both.initial_state(batch), std::make_tuple(std::pair(zero, zero)));
    };
    const auto all = unroll(deep, x, start(2), Lengths(lengths)).outputs;
    return std::tuple(y, state, z, last, all, unroll(deep, alone, start(1)).outputs,
                      gradients(sum(all), {forward.update.W})[0]);
  });
  auto x = sequence(5, 2, 3);
  Array alone(Shape{3, 1, 3}, ElementType::float64);
  for (int t = 0; t < 5; ++t)
    for (int i = 0; i < 3; ++i) {
      if (t < 3)
        alone.data<double>()[t * 3 + i] = x.at(t * 6 + 3 + i);
      else
        x.data<double>()[t * 6 + 3 + i] = NAN;
    }
  const auto [y, state, z, last, deeper, deeper_alone, slope] =
      run(x, Array(std::vector<std::int64_t>{5, 3}), alone);
  double worst = 0;
  for (int t = 0; t < 5; ++t)
    for (int i = 0; i < 6; ++i)
      worst = std::max(worst, std::abs(y.at((t * 2 + 1) * 6 + i) - (t < 3 ? z.at(t * 6 + i) : 0)));
  CHECK(worst < 1e-14);
  for (int i = 0; i < 9; ++i)
    CHECK(deeper.at((i / 3 * 2 + 1) * 3 + i % 3) == Approx(deeper_alone.at(i)).epsilon(1e-12));
  CHECK(std::isfinite(largest(slope)));
  CHECK(largest(slope) > 1e-3);
  for (int i = 0; i < 4; ++i) CHECK(state.first.at(4 + i) == Approx(last.first.at(i)).epsilon(1e-13));
  for (int i = 0; i < 2; ++i) CHECK(state.second.at(2 + i) == Approx(last.second.at(i)).epsilon(1e-13));
  // Run the other way round, with both cells exchanged, it gives the same.
  const Bidirectional exchanged(backward, forward);
  Function turned(model, [&](const Tensor& x, const Tensor& lengths) {
    const auto y = unroll(exchanged, x, exchanged.initial_state(2), Reverse, Lengths(lengths)).outputs;
    return concat({slice(y, 2, 2, 6), slice(y, 2, 0, 2)});
  });
  CHECK(difference(turned(x, Array(std::vector<std::int64_t>{5, 3})), y) < 1e-14);
}

TEST_CASE("dropout between the cells of a stack draws for each step, and at rate 0 does nothing", "[stack]") {
  auto model = float64_net();
  const std::vector<Leaky> cells(3, Leaky{0});
  const Stack stack(cells, Leaky{0});
  Function run(model, [&](const Tensor& x, const Tensor& rate) {
    const auto start = zeros({1, 1000});
    return unroll(stack.with_dropout(rate), x, std::tuple(std::vector<Tensor>(3, start), start)).outputs;
  });
  const Array ones({ElementType::float64, {4, 1, 1000}}, 1);
  CHECK(run(ones, 0.0) == Array({ElementType::float64, {4, 1, 1000}}, 16));
  const auto y = run(ones, 0.5);
  // Each of three times half of the elements goes, and the rest is doubled.
  int zeros = 0, whole = 0, same = 0;
  for (int i = 0; i < 4000; ++i) {
    zeros += y.at(i) == 0;
    whole += y.at(i) == 128;
    same += i >= 1000 && (y.at(i) == 0) == (y.at(i - 1000) == 0);
  }
  CHECK(std::abs(whole - 500) < 100);
  CHECK(zeros + whole == 4000);
  CHECK(same < 2700);
}

TEST_CASE("dropout between parts takes every floating tensor that is handed on", "[stack]") {
  auto model = float64_net();
  const auto both = [](const Tensor& x) { return std::pair(x, std::pair(2 * x, x > 0)); };
  const auto joined = [](const std::pair<Tensor, std::pair<Tensor, Tensor>>& x) {
    return concat({x.first, x.second.first, cast(x.second.second, ElementType::float64)});
  };
  const Stack stack(Leaky{0}, both, joined);
  Function run(model, [&](const Tensor& x, const Tensor& rate) {
    return unroll(stack.with_dropout(rate), x, std::tuple(zeros({1, 1000}))).outputs;
  });
  const auto y = run(Array({ElementType::float64, {1, 1, 1000}}, 1), 0.5);
  // After the first part, and again after the second: quarters are left, of a factor of 4.
  for (int part = 0; part < 2; ++part) {
    int whole = 0;
    for (int i = 0; i < 1000; ++i) {
      const double value = y.at(1000 * part + i), full = 8 * (part + 1);
      whole += value == full;
      CHECK((value == 0 || value == full));
    }
    CHECK(std::abs(whole - 250) < 80);
  }
}

TEST_CASE("variational dropout leaves out the same at every step", "[stack]") {
  auto model = float64_net();
  Function run(model, [&](const Tensor& x, const Tensor& rate) {
    const auto mask = dropout_mask({2, 50}, rate);
    const auto masked =
        unroll([&](const Tensor& step, const Tensor& s) { return s * 0 + step * mask; }, x, zeros({2, 50}));
    return std::pair(variational_dropout(x, rate), masked.outputs);
  });
  const Array ones({ElementType::float64, {3, 2, 50}}, 1);
  const auto [outside, inside] = run(ones, 0.3);
  for (const auto& y : {outside, inside}) {
    int kept = 0;
    for (int i = 0; i < 300; ++i) {
      CHECK(y.at(i) == y.at(i % 100));
      CHECK((y.at(i) == 0 || y.at(i) == Approx(1 / 0.7)));
      kept += i < 100 && y.at(i) != 0;
    }
    CHECK(std::abs(kept - 70) < 20);
  }
  CHECK(run(ones, 0.0).first == ones);
  CHECK(run(ones, 1.0).first == Array(ones.type(), 0));
}

TEST_CASE("zoneout keeps units as they were, in the output too, or takes the mean", "[stack]") {
  auto model = float64_net();
  const LSTM lstm(model / "lstm", 3, 500);
  Function run(model, [&](const Tensor& x, const Tensor& rate, const LSTMState& start) {
    const auto drawn = unroll(Zoneout(lstm, rate), x, start);
    const auto mean = unroll(Zoneout(lstm, rate, Draws::mean), x, start);
    const auto plain = unroll(lstm, x, start);
    return std::tuple(drawn.outputs, drawn.state, mean.state, plain.state);
  });
  const LSTMStateOf<Array> start{Array({ElementType::float64, {1, 500}}, 0.25),
                                 Array({ElementType::float64, {1, 500}}, 0.5)};
  const auto [y, drawn, mean, plain] = run(sequence(1, 1, 3), 0.4, start);
  int kept_h = 0, kept_c = 0, both = 0;
  for (int i = 0; i < 500; ++i) {
    CHECK(y.at(i) == drawn.h.at(i));
    CHECK((drawn.h.at(i) == 0.25 || drawn.h.at(i) == plain.h.at(i)));
    CHECK((drawn.c.at(i) == 0.5 || drawn.c.at(i) == plain.c.at(i)));
    CHECK(mean.h.at(i) == Approx(0.4 * 0.25 + 0.6 * plain.h.at(i)));
    kept_h += drawn.h.at(i) == 0.25;
    kept_c += drawn.c.at(i) == 0.5;
    both += drawn.h.at(i) == 0.25 && drawn.c.at(i) == 0.5;
  }
  CHECK(std::abs(kept_h - 200) < 60);
  CHECK(std::abs(kept_c - 200) < 60);
  CHECK(std::abs(both - 80) < 50);
}

TEST_CASE("an initial state that is learned has a parameter for each of its tensors", "[stack]") {
  auto model = float64_net();
  const LSTM lstm(model / "lstm", 3, 2);
  const LearnedState start(model / "start", lstm.initial_state(1));
  CHECK(model.parameter("start/h").shape() == Shape{2});
  model.parameter("start/c").assign(Array(std::vector<double>{0.5, -0.5}));
  Function run(model, [&](const Tensor& x) {
    const auto [y, state] = unroll(lstm, x, start(2));
    const auto given =
        unroll(lstm, x, LSTMState{zeros({2, 2}), constant(doubles({2, 2}, {0.5, -0.5, 0.5, -0.5}))});
    return std::tuple(y, given.outputs, gradients(sum(y), {model.parameter("start/c")})[0]);
  });
  const auto [y, given, slope] = run(sequence(4, 2, 3));
  CHECK(difference(y, given) < 1e-15);
  CHECK(slope.shape() == Shape{2});
  CHECK(std::abs(slope.at(0)) > 1e-3);
  CHECK_THROWS_WITH(LearnedState(model / "wide", zeros({3, 2})), ContainsSubstring("one sequence, [1, ...]"));
}

TEST_CASE("a carried state goes on from run to run, and starts again when told", "[stack]") {
  auto model = float64_net();
  struct Counting {
    Tensor sum, count;
    REEL_MEMBERS(sum, count)
  };
  const auto cell = [](const Tensor& x, const Counting& s) { return Counting{s.sum + x, s.count + 1}; };
  const CarriedState carried(model / "carried", Counting{zeros({2}), full({2}, 0, ElementType::int32)});
  Function run(model, [&](const Tensor& x) {
    const auto state = unroll(cell, x, carried()).state;
    carried.keep(state);
    return std::pair(state.sum, state.count);
  });
  const auto x = doubles({2, 2}, {1, 2, 3, 4});
  CHECK(run(x).first == doubles({2}, {4, 6}));
  CHECK(run(x).first == doubles({2}, {8, 12}));
  CHECK(run(x).second == Array(std::vector<std::int32_t>{6, 6}));
  carried.start_again();
  CHECK(run(x).first == doubles({2}, {4, 6}));
  CHECK(model.parameters().empty());
}

TEST_CASE("vectors of cells within a Residual and in both directions", "[stack]") {
  auto model = float64_net();
  const std::vector<GRU> there{GRU(model / "a", 3, 3), GRU(model / "b", 3, 3)},
      back{GRU(model / "c", 3, 2), GRU(model / "d", 2, 2)};
  const Residual around(there);
  const Bidirectional both(there, back);
  Function run(model, [&](const Tensor& x) {
    const auto one = unroll(around, x, around.initial_state(2)).outputs;
    const auto plain = unroll(Stack(there), x, Stack(there).initial_state(2)).outputs;
    const auto two = unroll(both, x, both.initial_state(2)).outputs;
    const auto backward = unroll(Stack(back), x, Stack(back).initial_state(2), Reverse).outputs;
    return std::tuple(one, x + plain, two, concat({plain, backward}));
  });
  const auto [one, sum_of_both, two, joined] = run(sequence(4, 2, 3));
  CHECK(difference(one, sum_of_both) < 1e-14);
  CHECK(difference(two, joined) < 1e-14);
}
