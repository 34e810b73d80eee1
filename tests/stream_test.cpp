// Streams of steps, and functions that write into arrays they are given.

#include <reel/reel.h>

#include "catch.h"
#include "live_bytes.h"
#include "refusals.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

/// That `f` takes no memory; beside a sanitizer it cannot be told.
void check_takes_no_memory(const std::function<void()>& f) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  f();
#else
  CHECK(most_live_bytes(f) == 0);
#endif
}

struct Counted {
  Tensor h, count;
  REEL_MEMBERS(h, count)
};

/// A state that is no template over its leaf, with a counter; the output is a structure.
struct CountingCell {
  Parameter w;
  std::pair<std::vector<Tensor>, Counted> operator()(const std::pair<Tensor, Tensor>& x,
                                                     const Counted& s) const {
    const auto h = tanh(s.h + x.first * w + x.second);
    return {{h, cast(s.count, h.element()) + h}, {h, s.count + 1}};
  }
};

}  // namespace

TEST_CASE("a stream gives step by step what an unroll gives", "[stream]") {
  Model model(Seed{1});
  const LSTM cell(model / "cell", 3, 4, Peepholes);
  const Linear head(model / "head", 4, 2);
  const auto network = [&](const Tensor& x, const LSTMState& s) {
    const auto [h, next] = cell(x, s);
    return std::pair(head(h), next);
  };
  std::mt19937_64 random(1);
  const auto xs = random_array({ElementType::float32, {6, 2, 3}}, random);
  Function whole(model, [&](const Tensor& x) {
    const auto [y, state] = unroll(network, x, cell.initial_state(2));
    return std::pair(y, state);
  });
  const auto [ys, last] = whole(xs);
  Stream stream(model, network, cell.initial_state(2));
  for (int round = 0; round < 2; ++round) {
    for (int t = 0; t < 6; ++t) {
      Array x(Shape{2, 3}, ElementType::float32);
      std::copy_n(xs.data<float>() + t * 6, 6, x.data<float>());
      const Array& y = stream.step(x);
      REQUIRE(y.shape() == Shape{2, 2});
      for (int i = 0; i < 4; ++i) CHECK(y.at(i) == Approx(ys.at(t * 4 + i)).epsilon(1e-5));
    }
    CHECK(difference(stream.state().h, last.h) < 1e-6);
    CHECK(difference(stream.state().c, last.c) < 1e-6);
    stream.start_again();
  }
}

TEST_CASE("a stream of structures, with states of several types", "[stream]") {
  Model model(Seed{1}, Device::cpu(), ElementType::float64);
  const CountingCell cell{model.operator/("cell").parameter("w", {2}, constant_init(0.5))};
  Stream stream(model, cell, Counted{zeros({2}), full({}, 0, ElementType::int32)});
  const std::pair x(Array(std::vector<double>{1, 2}), Array(std::vector<double>{0.1, 0.2}));
  for (int t = 0; t < 3; ++t) {
    const auto& y = stream.step(x);
    REQUIRE(y.size() == 2);
    CHECK(y[1].at(0) == Approx(t + y[0].at(0)));
  }
  CHECK(std::get<1>(stream.state()) == Array(std::int32_t{3}));
  auto state = stream.state();
  std::get<1>(state) = Array(std::int32_t{10});
  stream.set_state(state);
  stream.step(x);
  CHECK(std::get<1>(stream.state()).item() == 11);
  std::get<1>(state) = Array(1.0);
  require_parts(message_of([&] { stream.set_state(state); }), {"[Stream]", "float64[]", "int32[]"});
}

TEST_CASE("an output may be the next input, and inputs may change their shape", "[stream]") {
  Model model(Seed{1});
  Stream stream(
      model, [](const Tensor& x, const Tensor& s) { return std::pair(2 * x, s + 1); }, zeros({}));
  const Array* y = &stream.step(Array(std::vector<float>{1, 2}));
  for (int t = 0; t < 3; ++t) y = &stream.step(*y);
  CHECK(*y == Array(std::vector<float>{16, 32}));
  CHECK(stream.step(Array(3.0f)) == Array(6.0f));
  CHECK(stream.state().item() == 5);
}

TEST_CASE("an output of another type or structure than the last input may be the next one", "[stream]") {
  Model model(Seed{1});
  Stream stream(
      model, [](const Tensor& x, const Tensor& s) { return std::pair(sum(x) + 1, s + 1); }, zeros({}));
  const auto& y = stream.step(Array(Shape{2}, std::vector<std::int32_t>{3, 4}));
  CHECK(y == Array(std::int64_t{8}));
  CHECK(stream.step(y) == Array(std::int64_t{9}));
  CHECK(stream.state().item() == 2);
  const auto cell = [](const auto& x, const Tensor& s) {
    if constexpr (std::is_same_v<std::decay_t<decltype(x)>, Tensor>)
      return std::pair(std::pair(x, 2 * x), s + 1);
    else
      return std::pair(x.first + x.second, s + 1);
  };
  Stream by_turns(model, cell, zeros({}));
  const Array* number = &by_turns.step(by_turns.step(Array(std::vector<float>{1, 2})));
  CHECK(*number == Array(std::vector<float>{3, 6}));
  number = &by_turns.step(by_turns.step(*number));
  CHECK(*number == Array(std::vector<float>{9, 18}));
}

TEST_CASE("a stream begins with a state of arrays, or goes on from one, such as what was learned",
          "[stream]") {
  Model model(Seed{1});
  const LSTM cell(model / "cell", 2, 3);
  const LearnedState start(model / "start", cell.initial_state(1));
  model.parameter("start/h").assign(Array(std::vector<float>{1, 2, 3}));
  Stream given(model, cell, start.host(1));
  Stream set(model, cell, cell.initial_state(1));
  set.set_state(start.host(1));
  CHECK(set.state().h == Array(Shape{1, 3}, std::vector<float>{1, 2, 3}));
  CHECK(start.host(2).h == Array(Shape{2, 3}, std::vector<float>{1, 2, 3, 1, 2, 3}));
  const Array x(Shape{1, 2}, ElementType::float32);
  CHECK(given.step(x) == set.step(x));
  CHECK(given.state().c == set.state().c);
}

TEST_CASE("a stream of a cell without an input", "[stream]") {
  Model model(Seed{1});
  Stream stream(
      model, [](const Tensor& s) { return std::pair(2 * s, s + 1); }, zeros({}));
  for (int t = 0; t < 3; ++t) CHECK(stream.step() == Array(2.0f * static_cast<float>(t)));
  CHECK(stream.state().item() == 3);
}

TEST_CASE("a step of a stream takes no memory, and one that throws leaves the state", "[stream]") {
  Model model(Seed{1});
  const GRU cell(model / "cell", 3, 8);
  const Embedding symbols(model / "symbols", 4, 3);
  const auto network = [&](const Tensor& x, const Tensor& s) { return cell(symbols(x), s); };
  Stream stream(model, network, cell.initial_state(1));
  const Array x(std::vector<std::int64_t>{2}), other(std::vector<std::int64_t>{1}),
      wrong(std::vector<std::int64_t>{7});
  stream.step(x);
  stream.step(x);
  check_takes_no_memory([&] {
    for (int t = 0; t < 100; ++t) stream.step(x);
  });
  const auto state = stream.state();
  CHECK_THROWS_AS(stream.step(wrong), RunError);
  CHECK(stream.state() == state);
  // A hundred steps of one symbol may have led to a fixed point, bit for bit: another leads away.
  stream.step(other);
  CHECK(stream.state() != state);
}

TEST_CASE("a state of another type is refused by its name", "[stream]") {
  Model model(Seed{1});
  const auto cell = [](const Tensor& x, const LSTMState& s) {
    return std::pair(x, LSTMState{concat({s.h, x}, 0), s.c});
  };
  Stream stream(model, cell, LSTMState{zeros({2}), zeros({2})});
  require_parts(message_of([&] { stream.step(Array(std::vector<float>{1})); }),
                {"state h", "float32[2]", "float32[3]"});
  CHECK_THROWS_WITH(host_state(model, Tensor()), ContainsSubstring("[host_state]"));
}

TEST_CASE("a function writes into arrays that it is given", "[stream]") {
  Model model(Seed{1});
  Function f(model, [](const Tensor& x, const std::vector<Tensor>& more) { return std::pair(2 * x, more); });
  const Array x(std::vector<float>{1, 2}), a(1.0f), b(2.0f);
  std::pair<Array, std::vector<Array>> result;
  f.into(result, x, std::vector{a, b});
  CHECK(result.first == Array(std::vector<float>{2, 4}));
  CHECK(result.second == std::vector{a, b});
  const std::vector given{b, a};
  f.into(result, x, given);
  const void* memory = result.first.raw();
  check_takes_no_memory([&] {
    for (int i = 0; i < 10; ++i) f.into(result, x, given);
  });
  CHECK(result.first.raw() == memory);
  CHECK(result.second == given);
  f.into(result, x, std::vector{a});
  CHECK(result.second.size() == 1);
  CHECK_THROWS_WITH(f.into(result, result.first, given), ContainsSubstring("cannot be a result"));
}

TEST_CASE("a state goes from call to call on the host", "[stream]") {
  Model model(Seed{1});
  const LSTM cell(model / "cell", 3, 4);
  Function predict(model, [&](const Tensor& x, const LSTMState& s) {
    const auto [y, next] = unroll(cell, x, s);
    return std::pair(y, next);
  });
  auto state = host_state(model, cell.initial_state(2));
  CHECK(state.h == Array(Shape{2, 4}, ElementType::float32));
  const Array x({ElementType::float32, {3, 2, 3}}, 0.5);
  Array y;
  std::tie(y, state) = predict(x, state);
  const auto first = state.c;
  std::tie(y, state) = predict(x, state);
  CHECK(state.c != first);
}

TEST_CASE("a stream may be moved, and starts again without recording or taking memory", "[stream]") {
  using Sum = Stream<std::function<std::pair<Tensor, Tensor>(const Tensor&, const Tensor&)>, Tensor>;
  static_assert(!std::is_copy_constructible_v<Sum>, "two streams of one state");
  Model model(Seed{1});
  std::vector<Sum> voices;
  for (int i = 0; i < 5; ++i) {
    voices.emplace_back(
        model, [](const Tensor& x, const Tensor& s) { return std::pair(s + x, s + x); }, zeros({}));
    voices[0].step(Array(1.0f));
  }
  CHECK(voices[0].state().item() == 5);
  CHECK(voices[4].step(Array(2.0f)).item() == 2);
  const Array ten(10.0f);
  const auto& y = voices[0].step(ten);
  check_takes_no_memory([&] { voices[0].start_again(); });
  CHECK(y.item() == 15);
  check_takes_no_memory([&] { voices[0].step(ten); });
  CHECK(voices[0].state().item() == 10);
}
