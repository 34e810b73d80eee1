// What an unroll starts from: batches that fit, and literals that take the type the step gives them.

#include <reel/reel.h>

#include "catch.h"
#include "models.h"
#include "refusals.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

namespace {

constexpr auto f32 = ElementType::float32;

/// Unrolls `cell` over a sequence from a state of zeros [batch, hidden] that is an argument.
template <class Cell>
std::string unrolled(Model& model, const Cell& cell, const Shape& x, const Shape& state) {
  Function f(model, [&](Tensor x, Tensor h) {
    if constexpr (std::is_same_v<Cell, LSTM>)
      return unroll(cell, x, LSTMState{h, h}).outputs;
    else
      return unroll(cell, x, h).outputs;
  });
  return message_of([&] { f(Array(x, f32), Array(state, f32)); });
}

/// The final state of `cell` over `x`, as a node and expanded: they are the same.
template <class Cell, class State>
List final_state(const Cell& cell, const Array& x, const State& state) {
  Model model(Seed{1});
  const auto first = [](const auto& s) -> Tensor {
    if constexpr (structure::is_tuple<std::decay_t<decltype(s)>>)
      return std::get<0>(s);
    else
      return s;
  };
  Function node(model, [&](Tensor x) { return first(unroll(cell, x, state).state); });
  Function expanded(model, [&](Tensor x) { return first(unroll(cell, x, state, Expanded).state); });
  const auto result = node(x);
  CHECK(result == expanded(x));
  return values(result);
}

using Two = std::tuple<Tensor, Tensor>;

}  // namespace

TEST_CASE("stock cells refuse a state of another batch, which would broadcast", "[states]") {
  Model model(Seed{1});
  const LSTM lstm(model / "lstm", 2, 3);
  const GRU gru(model / "gru", 2, 3);
  const RNN rnn(model / "rnn", 2, 3);
  const auto refused = [](const std::string& text, const std::string& cell) {
    return has(text, {cell, "batch", "state", "time comes first"});
  };
  const std::vector<std::pair<Shape, Shape>> wrong = {{{5, 1, 2}, {3, 3}},  // another batch, of one sequence
                                                      {{5, 2}, {3, 3}},     // no batch axis
                                                      {{5, 4, 3, 2}, {3, 3}},  // an axis too many
                                                      {{5, 3, 2}, {1, 3}},     // a state of one sequence
                                                      {{5, 3, 2}, {3}},        // a state without a batch axis
                                                      {{5, 3, 2}, {3, 1}},     // another size of the state
                                                      {{5, 3, 1}, {3, 3}}};    // another size of the input
  for (const auto& [x, state] : wrong) {
    CAPTURE(to_string(x), to_string(state));
    CHECK(refused(unrolled(model, lstm, x, state), "[LSTM]"));
    CHECK(refused(unrolled(model, gru, x, state), "[GRU]"));
    CHECK(refused(unrolled(model, rnn, x, state), "[RNN]"));
  }
  CHECK(unrolled(model, lstm, {5, 3, 2}, {3, 3}) == "nothing was thrown");
  CHECK(unrolled(model, gru, {5, 2}, {3}) == "nothing was thrown");

  Function without_batch(model,
                         [&](Tensor x) { return unroll(lstm, x, lstm.initial_state(x.extent(1))).outputs; });
  CHECK(refused(message_of([&] { without_batch(Array(Shape{5, 2}, f32)); }), "[LSTM]"));
  Function batch_first(model, [&](Tensor x) {
    return unroll(gru, x, gru.initial_state(x.extent(0))).outputs;  // as if x were [batch, time, input]
  });
  CHECK(has(message_of([&] { batch_first(Array(Shape{4, 5, 2}, f32)); }), {"time comes first"}));
  // The memory of an LSTM too, and a gate in a cell of one's own.
  Function memory(model, [&](Tensor x) {
    return unroll(lstm, x, LSTMState{zeros({3, 3}), zeros({1, 3})}).outputs;
  });
  CHECK(refused(message_of([&] { memory(Array(Shape{5, 3, 2}, f32)); }), "[LSTM]"));
  const Gate gate(model / "gate", 2, 3);
  Function own(model, [&](Tensor x) {
    return unroll([&](const Tensor& xt, const Tensor& h) { return tanh(gate(xt, h)); }, x, zeros({3, 3}))
        .outputs;
  });
  CHECK(refused(message_of([&] { own(Array(Shape{5, 1, 2}, f32)); }), "[Gate]"));
}

TEST_CASE("a literal state takes the type that the step gives it", "[states]") {
  const Array whole(std::vector<std::int64_t>{1, 2, 3}), floating(std::vector<float>{1, 2, 3});
  CHECK(final_state([](const Tensor& s, const Tensor& h) { return 0.5 * h + cast(s, f32); }, whole,
                    zeros({})) == List{4.25});
  CHECK(final_state([](const Tensor& s, const Tensor& h) { return select(s > 2, cast(s, f32), h); }, whole,
                    zeros({})) == List{3});
  CHECK(final_state([](const Tensor& s, const Tensor&) { return cast(s, f32) * 0.5; }, whole, zeros({})) ==
        List{1.5});
  // A sum of integers, whatever it starts from.
  CHECK(final_state([](const Tensor& s, const Tensor& h) { return h + s; }, whole, zeros({})) == List{6});
  CHECK(final_state([](const Tensor& s, const Tensor& h) { return h + s; }, whole, 10) == List{16});
  // A mask by hand, a table by a counter, a counter compared: floats and integers among the literals.
  CHECK(final_state(
            [](const Tensor& x, const Two& state) {
              const auto& [h, n] = state;
              return Two(select(n < constant(Array(std::vector<std::int64_t>{2})), h + x, h), n + 1);
            },
            floating, Two(zeros({1}), 0)) == List{3});
  CHECK(final_state(
            [](const Tensor& x, const Two& state) {
              const auto& [n, h] = state;
              return Two(n + 1, h + x * gather(constant(Array(List{1, 10, 100})), n));
            },
            Array(List{1, 2, 3}), Two(0, 0)) == List{3});
  CHECK(final_state(
            [](const Tensor& x, const Two& state) {
              const auto& [h, n] = state;
              return Two(h + select(n == iota(1), x, 0), n + 1);
            },
            floating, Two(zeros({1}), zeros({1}))) == List{1});
  // A fraction is no integer, whatever the step makes of it.
  CHECK(final_state(
            [](const Tensor&, const Two& state) {
              const auto& [h, n] = state;
              const auto limit = constant(Array(std::vector<std::int64_t>{2}));
              return Two(select(n < index(limit, 0, 0), h + 1, h), n + 1);
            },
            floating, Two(0.5, 0)) == List{2.5});
  // A float state beside a counter, and beside a flag.
  CHECK(final_state(
            [](const Tensor& s, const Two& state) {
              const auto& [h, n] = state;
              return Two(0.5 * h + cast(s, f32), n + 1);
            },
            whole, Two(zeros({}), 0)) == List{4.25});
  CHECK(final_state(
            [](const Tensor& x, const Two& state) {
              const auto& [h, n] = state;
              return Two(h + x * select(n > 1, 1, 0), n + 1);
            },
            floating, Two(zeros({}), 0)) == List{3});
  CHECK(final_state(
            [](const Tensor& x, const Two& state) {
              const auto& [h, on] = state;
              return Two(select(on, h + x, h), x > 1);
            },
            floating, Two(zeros({}), true)) == List{4});
  CHECK(final_state(
            [](const Tensor& x, const Two& state) {
              const auto& [last, any] = state;
              return Two(argmax(stack({x, cast(last, f32)})), any || x > 2);
            },
            floating, Two(0, false)) == List{0});
  CHECK(final_state([](const Tensor& x, const Tensor& s) { return s && x > 0; }, floating, true) == List{1});
  // Where it takes several recordings until all types are known.
  CHECK(final_state(
            [](const Tensor& s, const Two& state) {
              const auto& [a, b] = state;
              return Two(b, a + b + s);
            },
            whole, Two(0, 1)) == List{5});
  CHECK(final_state([](const Tensor& s, const Two& state) { return Two(std::get<1>(state), s); }, whole,
                    Two(0, 0)) == List{2});
  CHECK(final_state([](const Tensor& x, const Two& state) { return Two(std::get<1>(state), x > 1); },
                    floating, Two(false, false)) == List{1});
  CHECK(final_state(
            [](const Tensor& s, const Two& state) {
              const auto& [a, on] = state;
              return Two(select(on, a + s, a), !on);
            },
            whole, Two(0, true)) == List{4});
  CHECK(final_state(
            [](const Tensor& x, const std::tuple<Tensor, Tensor, Tensor>& state) {
              const auto& [h, n, on] = state;
              return std::tuple<Tensor, Tensor, Tensor>(select(on, h + x, h), n + argmax(stack({x, h})), on);
            },
            floating, std::tuple<Tensor, Tensor, Tensor>(zeros({}), 0, true)) == List{6});
}

TEST_CASE("effects of a recording that failed for the types of its state are forgotten", "[states]") {
  for (const bool expanded : {false, true}) {
    Tape tape;
    Recording recording(tape);
    const auto s = tape.argument({ElementType::int64, {3}});
    const auto cell = [](const Tensor& s, const Tensor&) { return print(s, "s") * 1; };
    const auto result = expanded ? unroll(cell, s, zeros({}), Expanded) : unroll(cell, s, zeros({}));
    CHECK(result.state.element() == ElementType::int64);
    CHECK(tape.roots().size() == (expanded ? 3 : 1));
  }
}

TEST_CASE("the type of a literal state is found but where it is needed, and errors stay those of the cell",
          "[states]") {
  Model model(Seed{1});
  int calls = 0;
  Function plain(model, [&](Tensor x) {
    return unroll(
               [&](const Tensor& xt, const Tensor& h) {
                 ++calls;
                 return h + xt;
               },
               x, zeros({}))
        .state;
  });
  plain(floats({1, 2}));
  CHECK(calls == 2);
  Function wrong(model, [](Tensor x) {
    return unroll([](const Tensor& xt, const Tensor& h) { return matmul(h, xt); }, x, zeros({2, 3})).state;
  });
  CHECK(has(message_of([&] { wrong(Array(Shape{4, 2, 3}, f32)); }), {"[matmul]", "float32[2, 3]"}));
  // A state that is a number in one step and a flag in the next has no type.
  Function changing(model, [](Tensor x) {
    return unroll([](const Tensor& xt, const Tensor& h) { return select(xt > 0, 1, h) > 0; }, x, zeros({}))
        .state;
  });
  CHECK(has(message_of([&] { changing(floats({1, 2})); }), {"[unroll]", "the state enters the step as"}));
}
