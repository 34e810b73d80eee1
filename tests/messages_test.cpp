// Mistakes a new user makes, and what Reel says to them.

#include <reel/reel.h>

#include "catch.h"
#include "devices.h"
#include "models.h"
#include "refusals.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

namespace {

constexpr auto f32 = ElementType::float32;

/// As a user would write it: of stock layers and operations.
struct MinimalUnit {
  Linear gate;
  MinimalUnit(const Scope& scope, int input, int hidden) : gate(scope / "gate", input, hidden) {}
  Tensor operator()(const Tensor& x, const Tensor& h) const {
    const auto f = sigmoid(gate(x));
    return f * h + (1 - f) * matmul(x, h);
  }
};

template <class T>
struct Outer {
  struct Inner {
    Tensor operator()(const Tensor& x, const Tensor& h) const { return matmul(x, h); }
  };
};

struct Pair {
  Tensor left, right;
  REEL_MEMBERS(left, right)
};

}  // namespace

TEST_CASE("data of another floating type than the model's", "[messages]") {
  Model model(Seed{1});
  const Linear linear(model / "head", 2, 1);
  const LSTM lstm(model / "lstm", 2, 3);
  const auto said = "argument 0 is float64, the model float32";
  const Array wide(Shape{4, 1, 2}, ElementType::float64);
  Function f(model, [&](Tensor x) { return linear(x); });
  CHECK(has(message_of([&] { f(wide); }), {"[matmul]", said}));
  Function g(model, [&](Tensor x) { return unroll(lstm, x, lstm.initial_state(1)).outputs; });
  CHECK(has(message_of([&] { g(wide); }), {said}));
  Function h(model, [&](Tensor x) { return concat({x, linear.bias}); });
  CHECK(has(message_of([&] { h(Array(std::vector<double>{1})); }), {"[concat]", said}));
  Function second(model, [&](Tensor x, Tensor target) { return mean_squared_error(linear(x), target); });
  CHECK(has(message_of([&] {
              second(Array(Shape{1, 2}, f32), Array(Shape{1, 1}, ElementType::float64));
            }),
            {"argument 1 is float64, the model float32"}));
  Model double_model(Seed{1}, Device::cpu(), ElementType::float64);
  const Linear other(double_model / "head", 2, 1);
  Function narrow(double_model, [&](Tensor x) { return other(x); });
  CHECK(has(message_of([&] {
              narrow(Array(Shape{1, 2}, f32));
            }),
            {"argument 0 is float32, the model float64"}));
}

TEST_CASE("an argument within a structure is named as it was handed in", "[messages]") {
  Model model(Seed{1});
  const Array x(Shape{4, 1, 2}, f32), h(Shape{1, 3}, f32), wide(Shape{1, 3}, ElementType::float64);
  const LSTM lstm(model / "lstm", 2, 3);
  Function run(model, [&](Tensor x, LSTMState s) { return unroll(lstm, x, s).outputs; });
  CHECK(has(message_of([&] {
              run(x, LSTMStateOf<Array>{h, wide});
            }),
            {"argument 1.c is float64, the model float32"}));
  using Pairs = std::vector<std::tuple<Tensor, Tensor>>;
  const Linear head(model / "head", 3, 1);
  Function of_vector(model, [&](Pairs pairs) { return head(std::get<1>(pairs.at(1))); });
  CHECK(has(message_of([&] {
              of_vector(std::vector<std::tuple<Array, Array>>{{h, h}, {h, wide}});
            }),
            {"argument 0.1.1 is float64, the model float32"}));
  LSTMStateOf<Array> emptied{h, h};
  const Array taken = std::move(emptied.c);
  CHECK(has(message_of([&] { run(x, emptied); }), {"argument 1.c", "moved from"}));
  auto holed = h;
  holed.data<float>()[1] = std::nanf("");
  Function looking(
      model, [&](Tensor x, LSTMState s) { return unroll(lstm, x, s).outputs; }, CheckFinite);
  CHECK(has(message_of([&] {
              looking(x, LSTMStateOf<Array>{h, holed});
            }),
            {"argument 1.c holds nan at [0, 1]"}));
}

TEST_CASE("data of another floating type where a value is handed on", "[messages]") {
  const auto said = "use cast; argument 0 is float64, the model float32";
  Model model(Seed{1});
  const auto p = (model / "net").parameter("p", {2}, glorot_uniform());
  const auto updated = [&](const Array& x, auto change) {
    Function f(model, [&](Tensor x) {
      update(p, change(x));
      return x;
    });
    return message_of([&] { f(x); });
  };
  const Array pair(Shape{2}, ElementType::float64), rows(Shape{3, 2}, ElementType::float64);
  CHECK(has(updated(pair, [](Tensor x) { return x; }), {"[update] parameter net/p is float32[2]; ", said}));
  CHECK(has(updated(pair, [](Tensor x) { return 2 * x; }), {"[update] parameter net/p is", said}));
  CHECK(has(updated(rows, [](Tensor x) { return mean(x, {0}); }), {"[update] parameter net/p is", said}));

  const auto unrolled = [&](const Tensor& initial, auto cell) {
    Function f(model, [&](Tensor x) { return unroll(cell, x, initial).state; });
    return message_of([&] { f(rows); });
  };
  CHECK(has(unrolled(zeros({2}, f32), [](const Tensor& x, const Tensor&) { return x; }),
            {"[unroll] the state enters the step as float32[2] and leaves it as float64[2]", said}));
  CHECK(has(unrolled(zeros({2}, ElementType::float64),
                     [](const Tensor& x, const Tensor& s) { return cast(x + s, f32); }),
            {"[unroll] the state enters the step as float64[2] and leaves it as float32[2]", said}));
  Function pairs(model, [&](Tensor x) {
    const auto cell = [](const Tensor& xt, const LSTMState& s) { return LSTMState{s.h, xt}; };
    return unroll(cell, x, LSTMState{zeros({2}, f32), zeros({2}, f32)}).state;
  });
  CHECK(has(message_of([&] { pairs(rows); }), {"[unroll] state c enters the step as float32[2]", said}));
  Function branches(model, [&](Tensor x) { return select(x > 0, x, p); });
  CHECK(has(message_of([&] { branches(pair); }), {"[select]", said}));
}

TEST_CASE("data of another floating type are not blamed for what other types do", "[messages]") {
  Model model(Seed{1});
  const auto p = (model / "net").parameter("p", {2}, glorot_uniform());
  const auto count = full({2}, 1, ElementType::int32), flag = full({2}, 1, ElementType::boolean);
  const Array wide(Shape{2}, ElementType::float64);
  const auto message = [&](auto f) {
    Function function(model, [&](Tensor x) { return f(x); });
    return message_of([&] { function(wide); });
  };
  const auto blames = [&](auto f) {
    const auto text = message(f);
    CHECK(has(text, {"element types differ and are never converted silently: use cast"}));
    return text.find("the model") != std::string::npos;
  };
  CHECK(blames([&](const Tensor& x) { return x + p; }));
  CHECK(!blames([&](const Tensor&) { return p * count; }));
  CHECK(!blames([&](const Tensor& x) { return x + count; }));
  CHECK(!blames([&](const Tensor&) { return concat({p, count}); }));
  CHECK(!blames([&](const Tensor&) { return maximum(p, flag); }));
  CHECK(!blames([&](const Tensor&) { return select(p > 0, p, count); }));
  CHECK(!blames([&](const Tensor& x) {
    update(p, count);
    return x;
  }));
  CHECK(!blames([&](const Tensor& x) {
    return unroll([&](const Tensor&, const Tensor&) { return count; }, unsqueeze(x, 1), zeros({2}, f32))
        .state;
  }));
  // A shape that differs is no matter of types.
  const auto shapes = message([&](const Tensor& x) {
    update(p, zeros({3}, f32));
    return x;
  });
  CHECK(has(shapes, {"[update] parameter net/p is float32[2]"}));
  CHECK(shapes.find("element types") == std::string::npos);
}

TEST_CASE("an absent member: which one of what", "[messages]") {
  Model model(Seed{1});
  const auto x = Array(Shape{3, 1}, f32);
  const auto unrolled = [&](auto cell, auto state) {
    Function f(model, [&](Tensor x) { return structure::flatten(unroll(cell, x, state).outputs)[0]; });
    return message_of([&] { f(x); });
  };
  const LSTMState zero{zeros({1}), zeros({1})};
  CHECK(has(unrolled(
                [](const Tensor& xt, const LSTMState& s) {
                  return LSTMState{s.h + xt, {}};
                },
                zero),
            {"[unroll] member c of the state that the cell returns is absent"}));
  CHECK(has(unrolled(
                [](const Tensor& xt, const LSTMState& s) {
                  return std::pair(Pair{xt, {}}, s);
                },
                zero),
            {"[unroll] member right of the output that the cell returns is absent"}));
  CHECK(has(unrolled([](const Tensor&, const LSTMState& s) { return s; }, LSTMState{{}, zeros({1})}),
            {"[unroll] member h of the initial state is absent"}));
  using Nested = std::tuple<Tensor, std::vector<LSTMState>>;
  CHECK(has(unrolled(
                [](const Tensor& xt, const Nested& s) {
                  auto [a, list] = s;
                  list[1].h = Tensor();
                  return Nested(a + xt, list);
                },
                Nested(zeros({1}), {zero, zero})),
            {"member 1.1.h of the state that the cell returns"}));
  CHECK(has(unrolled([](const Tensor&, const Tensor&) { return Tensor(); }, zeros({1})),
            {"[unroll] the state that the cell returns is absent"}));
  Function result(model, [](Tensor x) { return Pair{x, {}}; });
  CHECK(has(message_of([&] { result(x); }), {"[Function] member right of the result is absent"}));
  TrainingStep loss(model, SGD{0.1}, [](Tensor) { return Tensor(); });
  CHECK(has(message_of([&] { loss(x); }), {"[TrainingStep] the loss is absent"}));
  TrainingStep loss_of_two(model, SGD{0.1}, [](Tensor x) { return std::pair(Tensor(), x); });
  CHECK(has(message_of([&] { loss_of_two(x); }), {"[TrainingStep] the loss is absent"}));
  Function operand(model, [](Tensor x) { return x + Tensor(); });
  CHECK(has(message_of([&] { operand(x); }), {"[add]", "absent"}));
}

TEST_CASE("a state that changes its shape is named", "[messages]") {
  Model model(Seed{1});
  Function f(model, [](Tensor x) {
    return unroll(
               [](const Tensor& xt, const LSTMState& s) {
                 return LSTMState{s.h + xt, concat({s.c, s.c})};
               },
               x, LSTMState{zeros({1}), zeros({1})})
        .state;
  });
  CHECK(has(message_of([&] { f(Array(Shape{3, 1}, f32)); }), {"state c enters the step as float32[1]"}));
}

TEST_CASE("a target out of range", "[devices][messages]") {
  for (const auto& device : devices()) {
    Model model(Seed{1}, device);
    const Linear head(model / "head", 3, 5);
    const Array x(Shape{2, 1, 3}, f32), targets(Shape{2, 1}, std::vector<std::int32_t>{4, 7});
    const std::vector<std::string> said{"argument 1 of cross_entropy: target 7 at [1, 0] is outside [0, 5)"};
    Function loss(model, [&](Tensor x, Tensor target) { return cross_entropy(head(x), target); });
    CHECK(has(message_of([&] { loss(x, targets); }), said));
    TrainingStep step(model, SGD{0.1},
                      [&](Tensor x, Tensor target) { return cross_entropy(head(x), target); });
    CHECK(has(message_of([&] { step(x, targets); }), said));
    const Array flags(Shape{2, 1}, std::vector<bool>{true, true});
    Function masked(
        model, [&](Tensor x, Tensor target, Tensor mask) { return cross_entropy(head(x), target, mask); });
    CHECK(has(message_of([&] { masked(x, targets, flags); }), said));
    const Array negative(Shape{2, 1}, std::vector<std::int32_t>{0, -1});
    CHECK(has(message_of([&] { loss(x, negative); }),
              {"argument 1 of cross_entropy: target -1 at [1, 0] is outside"}));
  }
}

TEST_CASE("a user's cell has a scope of its own", "[messages]") {
  Model model(Seed{1});
  const MinimalUnit unit(model / "unit", 2, 3);
  Function f(model, [&](Tensor x) { return unroll(unit, x, zeros({1, 3})).outputs; });
  const Array x(Shape{4, 1, 2}, f32);
  CHECK(has(message_of([&] { f(x); }), {"[matmul]", "in scope MinimalUnit"}));
  Function lambda(model, [&](Tensor x) {
    return unroll([](const Tensor& xt, const Tensor& h) { return matmul(xt, h); }, x, zeros({1, 3})).outputs;
  });
  CHECK(has(message_of([&] { lambda(x); }), {"in scope cell"}));
  using Two = std::tuple<Tensor, Tensor>;
  Function tuple(model, [&](Tensor x) {
    const auto cell = [](const Tensor& xt, const Two& s) { return Two(matmul(xt, std::get<0>(s)), xt); };
    return std::get<0>(unroll(cell, x, Two(zeros({1, 3}), zeros({1, 2}))).state);
  });
  CHECK(has(message_of([&] { tuple(x); }), {"in scope cell"}));
  const std::function<Tensor(const Tensor&, const Tensor&)> function = [](const Tensor& xt, const Tensor& h) {
    return matmul(xt, h);
  };
  Function of_function(model, [&](Tensor x) { return unroll(function, x, zeros({1, 3})).outputs; });
  CHECK(has(message_of([&] { of_function(x); }), {"in scope cell"}));
  Function of_template(model, [&](Tensor x) {
    return unroll(Outer<float>::Inner(), x, zeros({1, 3})).outputs;
  });
  CHECK(has(message_of([&] { of_template(x); }), {"in scope Inner"}));
  Function within(model, [&](Tensor x) {
    const ScopeGuard scope("net");
    return unroll(unit, x, zeros({1, 3}), Expanded).outputs;
  });
  CHECK(has(message_of([&] { within(x); }), {"in scope net/MinimalUnit; at step 0"}));
  // Layers in it keep their own.
  Function layer(model, [&](Tensor x) {
    return unroll(
               [&](const Tensor& xt, const Tensor& h) {
                 return h + unit.gate(concat({xt, h}));
               },
               x, zeros({1, 3}))
        .outputs;
  });
  CHECK(has(message_of([&] { layer(x); }), {"in scope unit/gate"}));
}

TEST_CASE("a tensor of another tape", "[messages]") {
  Model model(Seed{1});
  Tape tape;
  const auto foreign = tape.argument({f32, {2}}, "samples");
  Function f(model, [&](Tensor x) { return x * foreign; });
  CHECK(has(message_of([&] {
              f(floats({1, 2}));
            }),
            {"[mul]", "another tape", "float32[2] (samples)", "as its result"}));
}

TEST_CASE("a loss through two models", "[messages]") {
  Model model(Seed{1}), critic(Seed{2});
  const Linear maker(model / "maker", 2, 2), judge(critic / "judge", 2, 1);
  const auto through = [&](Tensor x) { return mean(judge(maker(x))); };
  const Array x(Shape{3, 2}, f32);
  TrainingStep both(model, SGD{0.1}, through);
  CHECK(has(message_of([&] { both(x); }), {"[TrainingStep]", "judge/weight, judge/bias", "OtherModelsStay"}));
  TrainingStep other(model, SGD{0.1}, [&](Tensor x) { return mean(judge(x)); });
  CHECK(has(message_of([&] { other(x); }), {"judge/weight"}));

  const auto before = values(critic), own = values(model);
  TrainingStep stays(model, SGD{0.1}, through, OtherModelsStay);
  stays(x);
  CHECK(values(critic) == before);
  CHECK(values(model) != own);
  // What no gradient passes through is no mistake.
  TrainingStep constant_judge(model, SGD{0.1},
                              [&](Tensor x) { return mean(maker(x)) * stop_gradient(mean(judge(x))); });
  constant_judge(x);
}
