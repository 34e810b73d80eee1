// The contract of unroll: projections, derivative, what is carried and what is stored.

#include <reel/reel.h>

#include <iostream>
#include <sstream>

#include "catch.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

using List = std::vector<double>;

List values(const Array& array) {
  List result;
  for (std::int64_t i = 0; i < array.size(); ++i) result.push_back(array.at(i));
  return result;
}

/// A tape to record on, and runs of what was recorded.
struct Recorder {
  Tape tape{ElementType::float64};
  Recording recording{tape};
  std::vector<Array> inputs;

  Tensor input(const Array& value) {
    inputs.push_back(value);
    return tape.argument(value.type());
  }
  std::vector<Array> run(const Tensors& outputs) {
    Tensors brought;
    for (const auto& output : outputs) brought.push_back(bring(tape, output, "test"));
    return compile(tape, brought).run(inputs);
  }
};

/// The unroll nodes of a tape, in order.
std::vector<UnrollNode> unrolls(const Tape& tape) {
  std::vector<UnrollNode> found;
  for (NodeId id = 0; id < tape.size(); ++id)
    if (tape.node(id).operation->kind == Kind::unroll)
      found.push_back(UnrollNode::of(tape.node(id).attributes));
  return found;
}

int count(const Tape& tape, const std::string& operation) {
  int found = 0;
  for (NodeId id = 0; id < tape.size(); ++id) found += tape.node(id).operation->name == operation;
  return found;
}

}  // namespace

TEST_CASE("a running sum: outputs, final state, later projections") {
  Recorder r;
  const auto x = r.input(doubles({4}, {1, 2, 3, 4})), start = r.input(doubles({}, {10}));
  Tensor doubled;
  const auto result = unroll(
      [&](const Tensor& xt, const Tensor& s) {
        doubled = 2 * xt;
        return s + xt;
      },
      x, start);
  const auto [outputs, state] = result;
  const auto y = r.run({outputs, state, result.node.stacked(doubled), result.node.summed(doubled)});
  CHECK(values(y[0]) == List{11, 13, 16, 20});
  CHECK(y[1].item() == 20);
  CHECK(values(y[2]) == List{2, 4, 6, 8});
  CHECK(y[3].item() == 20);
}

TEST_CASE("reverse runs from the last step, and outputs keep their positions") {
  Recorder r;
  const auto x = r.input(doubles({3}, {1, 2, 3}));
  const auto [outputs, state] =
      unroll([](const Tensor& xt, const Tensor& s) { return 2 * s + xt; }, x, zeros({}), Reverse);
  const auto y = r.run({outputs, state});
  CHECK(values(y[0]) == List{17, 8, 3});
  CHECK(y[1].item() == 17);
}

TEST_CASE("no input sequence") {
  Recorder r;
  const auto [outputs, state] = unroll([](const Tensor& s) { return 2 * s; }, 5, r.input(doubles({}, {1})));
  const auto y = r.run({outputs, state});
  CHECK(values(y[0]) == List{2, 4, 8, 16, 32});
  CHECK(y[1].item() == 32);
}

TEST_CASE("no steps: outputs are empty, the final state is the initial one, sums and gradients are zero") {
  for (const bool expanded : {false, true}) {
    Recorder r;
    const auto x = r.input(Array(Shape{0, 2}, ElementType::float64)), start = r.input(doubles({2}, {3, 4}));
    const auto w = r.input(doubles({2}, {5, 6}));
    const auto cell = [&](const Tensor& xt, const Tensor& s) { return s * w + xt; };
    const auto result = expanded ? unroll(cell, x, start, Expanded) : unroll(cell, x, start);
    auto outputs = Tensors{result.outputs, result.state};
    for (const auto& g : gradients(sum(result.outputs) + sum(result.state), {start, w, x}))
      outputs.push_back(g);
    const auto y = r.run(outputs);
    CHECK(y[0].shape() == Shape{0, 2});
    CHECK(values(y[1]) == List{3, 4});
    CHECK(values(y[2]) == List{1, 1});
    CHECK(values(y[3]) == List{0, 0});
    CHECK(y[4].shape() == Shape{0, 2});
  }
}

TEST_CASE("states and inputs are structures; a literal state takes the type of the sequence") {
  Recorder r;
  const auto x = r.input(Array(Shape{3}, std::vector<float>{1, 2, 3})),
             k = r.input(Array(Shape{3}, std::vector<std::int32_t>{5, 6, 7}));
  const auto cell = [](const std::tuple<Tensor, Tensor>& in, const LSTMState& s) {
    const auto& [a, b] = in;
    return std::pair(std::vector<Tensor>{a, s.h}, LSTMState{s.h + a, s.c + cast(b, ElementType::float32)});
  };
  const auto [outputs, state] = unroll(cell, std::tuple(x, k), LSTMState{zeros({}), zeros({})});
  const auto y = r.run({outputs[1], state.h, state.c});
  CHECK(y[0].element() == ElementType::float32);
  CHECK(values(y[0]) == List{0, 1, 3});
  CHECK(y[1].item() == 6);
  CHECK(y[2].item() == 18);
}

TEST_CASE("carries that change places") {
  Recorder r;
  const auto cell = [](const std::pair<Tensor, Tensor>& s) { return std::pair(s.second, s.first); };
  const auto [outputs, state] =
      unroll(cell, 3, std::pair(r.input(doubles({}, {1})), r.input(doubles({}, {2}))));
  const auto y = r.run({outputs.first, outputs.second, state.first, state.second});
  CHECK(values(y[0]) == List{2, 1, 2});
  CHECK(values(y[1]) == List{1, 2, 1});
  CHECK(y[2].item() == 2);
  CHECK(y[3].item() == 1);
}

TEST_CASE("the gradient of an invariant is summed, not carried, and only active carries have adjoints") {
  Recorder r;
  const auto x = r.input(doubles({3, 2}, {1, 2, 3, 4, 5, 6})), w = r.input(doubles({2}, {.1, .2}));
  const auto cell = [&](const Tensor& xt, const std::pair<Tensor, Tensor>& s) {
    // The second carry counts the steps: nothing differentiated influences it.
    return std::pair(tanh(w * xt + s.first), s.second + 1);
  };
  const auto [outputs, state] = unroll(cell, x, std::pair(zeros({2}), zeros({2})));
  const auto g = gradients(sum(outputs.first) + sum(outputs.second), {w, x});
  const auto nodes = unrolls(r.tape);
  REQUIRE(nodes.size() == 2);
  CHECK(nodes[1].reverse);
  CHECK(nodes[1].body->carries.size() == 1);
  CHECK(r.tape.node(g[0].id()).operation == &summed_operation());
  CHECK(r.tape.node(g[1].id()).operation == &stacked_operation());
}

TEST_CASE("what depends on invariants alone is recomputed, not stored at every step") {
  Recorder r;
  const auto x = r.input(doubles({3}, {1, 2, 3})), w = r.input(doubles({}, {.5}));
  const auto cell = [&](const Tensor& xt, const Tensor& s) { return s * exp(w) + xt; };
  const auto [outputs, state] = unroll(cell, x, zeros({}));
  gradients(state, {w, x});
  const auto nodes = unrolls(r.tape);
  REQUIRE(nodes.size() == 2);
  // ds = ds' exp(w), dw = ds' s exp(w): the state is stored; exp(w) stands in the reverse step.
  CHECK(nodes[1].body->sequences.size() == 1);
  CHECK(count(*nodes[1].body->tape, "exp") == 1);
}

TEST_CASE("with Recompute the reverse step gets the state alone and runs the forward step again") {
  Recorder r;
  const auto x = r.input(doubles({3}, {1, 2, 3}));
  const auto cell = [](const Tensor& xt, const Tensor& s) { return tanh(sigmoid(s) * tanh(xt)); };
  const auto [outputs, state] = unroll(cell, x, zeros({}), Recompute);
  gradients(sum(outputs), {x});
  const auto nodes = unrolls(r.tape);
  REQUIRE(nodes.size() == 2);
  // The sequence, the state before each step, and the adjoint of the outputs.
  CHECK(nodes[1].body->sequences.size() == 3);
  CHECK(count(*nodes[1].body->tape, "sigmoid") == 1);
}

TEST_CASE("a cell is recorded twice at most, however many steps there are") {
  int calls = 0;
  Recorder r;
  const auto x = r.input(Array(Shape{1000, 1}, ElementType::float64));
  const auto cell = [&](const Tensor& xt, const Tensor& s) {
    ++calls;
    return s + xt;
  };
  unroll(cell, x, zeros({1}));
  CHECK(calls == 2);
  unroll(cell, x, zeros({1}), WithoutRehearsal);
  CHECK(calls == 3);
}

TEST_CASE("a parameter used in a nested unroll is one node of the outermost tape, captured level by level") {
  Model model(Seed{1}, Device::cpu(), ElementType::float64);
  const auto w = (model / "scope").parameter("w", {}, constant_init(3));
  Function f(model, [&](Tensor x) {
    const auto outer = [&](const Tensor& xt, const Tensor& s) {
      const auto [inner, last] = unroll([&](const Tensor& q) { return q * w; }, 2, xt);
      return s + last * w;
    };
    const auto y = unroll(outer, x, zeros({})).state;
    int parameters = count(y.tape(), "parameter");
    CHECK(parameters == 1);
    const auto dw = gradients(y, {w})[0];
    CHECK(count(y.tape(), "parameter") == 1);
    return std::pair(y, dw);
  });
  const auto [y, dw] = f(Array(List{1, 2}));
  CHECK(y.item() == 81);   // (1 + 2) w^3
  CHECK(dw.item() == 81);  // 3 (1 + 2) w^2
}

TEST_CASE("gradients inside a cell, of a value of the step") {
  // Gradient flow: each step moves the state down the slope of an energy.
  Recorder r;
  const auto target = r.input(doubles({}, {4}));
  const auto cell = [&](const Tensor& s) {
    const auto energy = square(s - target);
    return s - 0.25 * gradients(energy, {s})[0];
  };
  const auto [path, state] = unroll(cell, 3, r.input(doubles({}, {0})));
  const auto y = r.run({path, gradients(state, {target})[0]});
  CHECK(values(y[0]) == List{2, 3, 3.5});
  CHECK(y[1].item() == 0.875);
}

TEST_CASE("gradients of gradients through a whole LSTM") {
  Model model(Seed{3}, Device::cpu(), ElementType::float64);
  const LSTM cell(model / "cell", 2, 3);
  std::mt19937_64 random(5);
  const auto x = random_array({ElementType::float64, {4, 2, 2}}, random);
  const auto h = random_array({ElementType::float64, {2, 3}}, random),
             c = random_array({ElementType::float64, {2, 3}}, random);
  const auto loss = [&](const Tensors& in) {
    const auto [outputs, state] = unroll(cell, in[0], LSTMState{in[1], in[2]});
    return sum(square(outputs)) + sum(state.c);
  };
  SECTION("first") {
    const auto check = check_gradients(model, loss, {x, h, c});
    INFO(to_string(check));
    CHECK(check.passes());
  }
  SECTION("second") {
    const auto penalty = [&](const Tensors& in) {
      Tensors xs{in[0], in[1], cell.forget.U, cell.candidate.W, cell.output.b};
      Tensor total = 0;
      for (const auto& g : gradients(loss(in), xs)) total = total + sum(square(g));
      return total;
    };
    const auto check = check_gradients(model, penalty, {x, h, c});
    INFO(to_string(check));
    CHECK(check.passes());
  }
}

TEST_CASE("gradients of the RNN, with captured values, in both directions") {
  Model model(Seed{3}, Device::cpu(), ElementType::float64);
  const RNN cell(model / "cell", 2, 3);
  std::mt19937_64 random(5);
  const auto x = random_array({ElementType::float64, {4, 2, 2}}, random);
  const auto h = random_array({ElementType::float64, {2, 3}}, random),
             scale = random_array({ElementType::float64, {3}}, random);
  const auto check = check_gradients(
      model,
      [&](const Tensors& in) {
        const auto scaled = [&](const Tensor& xt, const Tensor& s) { return cell(xt, s) * in[2]; };
        const auto forward = unroll(scaled, in[0], in[1]).outputs;
        return concat({forward, unroll(scaled, in[0], in[1], Reverse).outputs});
      },
      {x, h, scale});
  INFO(to_string(check));
  CHECK(check.passes());
}

TEST_CASE("print happens once a step in the order of the steps, and not again in the derivative") {
  std::ostringstream captured;
  auto* const before = std::cerr.rdbuf(captured.rdbuf());
  {
    Recorder r;
    const auto x = r.input(doubles({2}, {1, 2}));
    const auto cell = [](const Tensor& xt, const Tensor& s) { return print(tanh(s + xt), "s"); };
    const auto state = unroll(cell, x, zeros({}), Recompute).state;
    r.run({gradients(state, {x})[0]});
  }
  std::cerr.rdbuf(before);
  CHECK(captured.str() == "s [step 0] = float64[] {0.761594}\ns [step 1] = float64[] {0.992046}\n");
}

TEST_CASE("the step compiled alone is one step of live inference") {
  Model model(Seed{3});
  const LSTM cell(model / "cell", 1, 4);
  Function whole(model, [&](Tensor x) { return unroll(cell, x, cell.initial_state(1)).outputs; });
  Function live(model, [&](Tensor x, LSTMState s) { return cell(x, s); });
  const Array x(Shape{3, 1, 1}, std::vector<float>{.5, -1, 2});
  const auto outputs = whole(x);
  const TensorType type{ElementType::float32, {1, 4}};
  LSTMStateOf<Array> state{Array(type), Array(type)};
  for (int t = 0; t < 3; ++t) {
    const auto [h, next] = live(Array(Shape{1, 1}, std::vector<float>{x.data<float>()[t]}), state);
    state = next;
    for (int i = 0; i < 4; ++i) CHECK(h.at(i) == outputs.at(t * 4 + i));
  }
}
