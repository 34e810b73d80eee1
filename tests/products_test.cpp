// How many products are left in the loops of a cell, and that it means the same, however its gates are
// written.

#include "catch.h"
#include "improved.h"

using namespace reel;
using namespace reel::test;

namespace {

/// Gates as products of their own of x and of h, as most people write them.
struct SeparateLSTM {
  std::vector<Parameter> W, U, b;

  SeparateLSTM(const Scope& scope, std::int64_t inputs, std::int64_t hidden) {
    for (const auto* gate : {"i", "f", "g", "o"}) {
      W.push_back((scope / gate).parameter("W", {inputs, hidden}, glorot_uniform()));
      U.push_back((scope / gate).parameter("U", {hidden, hidden}, orthogonal()));
      b.push_back((scope / gate).parameter("b", {hidden}, constant_init(0.1)));
    }
  }
  Tensor gate(int k, const Tensor& x, const Tensor& h) const {
    return matmul(x, W[k]) + matmul(h, U[k]) + b[k];
  }
  std::pair<Tensor, LSTMState> operator()(const Tensor& x, const LSTMState& s) const {
    const auto c = sigmoid(gate(1, x, s.h)) * s.c + sigmoid(gate(0, x, s.h)) * tanh(gate(2, x, s.h));
    const auto h = sigmoid(gate(3, x, s.h)) * tanh(c);
    return {h, {h, c}};
  }
};

/// Each gate normalised by itself, of x and h side by side.
struct SeparateLayerNormLSTM {
  std::vector<Linear> gates;
  benchmarks::Norm norm;

  SeparateLayerNormLSTM(const Scope& scope, std::int64_t inputs, std::int64_t hidden)
      : norm(scope / "norm", hidden) {
    for (const auto* gate : {"i", "f", "g", "o"}) gates.emplace_back(scope / gate, inputs + hidden, hidden);
  }
  std::pair<Tensor, LSTMState> operator()(const Tensor& x, const LSTMState& s) const {
    const auto gate = [&](int k) { return layer_norm(gates[k](concat({x, s.h}))); };
    const auto c = sigmoid(gate(1)) * s.c + sigmoid(gate(0)) * tanh(gate(2));
    const auto h = sigmoid(gate(3)) * tanh(norm(c));
    return {h, {h, c}};
  }
};

/// The gate and the candidate as products of their own of x and of the state.
struct SeparateMinimalGatedUnit {
  Gate forget, candidate;

  SeparateMinimalGatedUnit(const Scope& scope, std::int64_t inputs, std::int64_t hidden)
      : forget(scope / "forget", inputs, hidden), candidate(scope / "candidate", inputs, hidden) {}
  Tensor operator()(const Tensor& x, const Tensor& h) const {
    const auto f = sigmoid(forget(x, h));
    return (1 - f) * h + f * tanh(candidate(x, f * h));
  }
};

/// Columns for rows: the state is the right operand of its products.
struct ColumnGRU {
  Parameter W[3], U[3];

  ColumnGRU(const Scope& scope, std::int64_t inputs, std::int64_t hidden) {
    for (int k = 0; k < 3; ++k) {
      W[k] = scope.parameter("W" + std::to_string(k), {hidden, inputs}, glorot_uniform());
      U[k] = scope.parameter("U" + std::to_string(k), {hidden, hidden}, orthogonal());
    }
  }
  Tensor operator()(const Tensor& x, const Tensor& h) const {
    const auto column = transpose(x), state = transpose(h);
    const auto r = sigmoid(matmul(W[0], column) + matmul(U[0], state));
    const auto u = sigmoid(matmul(W[1], column) + matmul(U[1], state));
    const auto g = tanh(matmul(W[2], column) + r * matmul(U[2], state));
    return transpose(u * state + (1 - u) * g);
  }
};

struct Expected {
  int forward, backward;
  /// Elements of the largest value.
  std::int64_t largest;
};

template <class Cell, class State, class... Options>
void check(const std::string& name, const State& state, const Expected& expected, const Options&... options) {
  INFO(name);
  Training<Cell, State> training(state, options...);
  const auto forward = counts_of(training.r.tape, training.forward);
  REQUIRE(forward.loops.size() == 1);
  CHECK(forward.loops[0].products == expected.forward);
  const auto all = counts_of(training.r.tape, training.all);
  REQUIRE(all.loops.size() == 2);
  CHECK(all.loops[0].products == expected.forward);
  CHECK(all.loops[1].products == expected.backward);
  CHECK(all.largest == expected.largest);
  training.r.check(training.all);
}

constexpr auto TBH = T * B * H;

}  // namespace

TEST_CASE("one product a step, forward and backward, however the gates are written") {
  const auto h = zeros({B, H}, d);
  check<RNN>("RNN", h, {1, 1, TBH});
  check<LSTM>("LSTM", lstm_state(), {1, 1, 4 * TBH});
  check<LSTM>("LSTM", lstm_state(), {1, 1, 4 * TBH}, Reverse);
  check<SeparateLSTM>("LSTM, separate products", lstm_state(), {1, 1, 4 * TBH});
  check<benchmarks::CustomLSTM>("LSTM, of concat({x, h})", lstm_state(), {1, 1, 4 * TBH});
  check<benchmarks::PeepholeLSTM>("LSTM with peepholes", lstm_state(), {1, 1, 4 * TBH});
  check<GRU>("GRU", h, {1, 1, 3 * TBH});
  check<benchmarks::CustomGRU>("GRU, of concat({x, h})", h, {1, 1, 3 * TBH});
  check<ColumnGRU>("GRU of columns", h, {1, 1, 3 * TBH});
  check<benchmarks::LayerNormLSTM>("LayerNorm LSTM", lstm_state(), {1, 1, 4 * TBH});
  check<SeparateLayerNormLSTM>("LayerNorm LSTM, of concat({x, h})", lstm_state(), {1, 1, 4 * TBH});
}

TEST_CASE("two products where one depends on the other") {
  const auto h = zeros({B, H}, d);
  check<benchmarks::MinimalGatedUnit>("minimal gated unit, of concat({x, h})", h, {2, 2, 2 * TBH});
  check<SeparateMinimalGatedUnit>("minimal gated unit", h, {2, 2, 2 * TBH});
}

TEST_CASE("attention over a memory: its gradient is added up, not stored at every step") {
  constexpr std::int64_t places = 9, M = 4;
  for (const bool separate : {false, true}) {
    Recorder r;
    const auto x = r.input({T, B, I}), memory = r.input({B, places, M}), query = r.input({H, M});
    const auto Wx = r.input({I, H}), Wm = r.input({M, H}), U = r.input({H, H});
    const auto cell = [&](const Tensor& xt, const Tensor& h) {
      const auto scores = matmul(memory, reshape(matmul(h, query), {B, M, 1}));
      const auto weights = softmax(reshape(scores, {B, 1, places}));
      const auto context = reshape(matmul(weights, memory), {B, M});
      return separate ? tanh(matmul(xt, Wx) + matmul(context, Wm) + matmul(h, U))
                      : tanh(matmul(concat({xt, context, h}), concat({Wx, Wm, U}, 0)));
    };
    const auto outputs = unroll(cell, x, zeros({B, H}, d)).outputs;
    Tensors all{outputs};
    for (const auto& g : gradients(sum(square(outputs)), {x, memory, query, Wx, Wm, U})) all.push_back(g);
    const auto counts = counts_of(r.tape, all);
    REQUIRE(counts.loops.size() == 2);
    CHECK(counts.loops[0].products == 4);
    CHECK(counts.loops[1].products == 4);
    CHECK(counts.largest < T * B * places * M);
    r.check(all);
  }
}

TEST_CASE("products of parameters that are merged are joined once, outside of the loop") {
  Training<SeparateLSTM, LSTMState> training(lstm_state());
  std::vector<NodeId> outputs;
  for (const auto& output : training.forward) outputs.push_back(output.id());
  const auto improved = passes::improve(training.r.tape, outputs, {});
  for (NodeId id = 0; id < improved.tape->size(); ++id) {
    if (improved.tape->node(id).operation->kind != Kind::unroll) continue;
    const auto unroll = UnrollNode::of(improved.tape->node(id).attributes);
    for (NodeId inner = 0; inner < unroll.body->tape->size(); ++inner)
      CHECK(unroll.body->tape->node(inner).operation != &concat_operation());
  }
}

TEST_CASE("parts of a state, cut with gaps and overlaps, and put together in their derivative") {
  Recorder r;
  const auto x = r.input({T, B, H}), U = r.input({H, H});
  const std::vector<std::vector<std::pair<int, int>>> all_cuts{
      {{0, 2}, {3, 5}}, {{0, 3}, {1, 4}}, {{0, 3}, {0, 2}}, {{0, 3}, {3, 5}}, {{3, 5}, {0, 2}, {2, 3}}};
  Tensors all;
  for (const auto& cuts : all_cuts) {
    const auto cell = [&](const Tensor& xt, const Tensor& h) {
      auto next = xt;
      for (const auto& [start, stop] : cuts) next = next + sum(tanh(slice(h, 1, start, stop)), {1}, true);
      return tanh(next + matmul(h, U));
    };
    const auto outputs = unroll(cell, x, zeros({B, H}, d)).outputs;
    all.push_back(outputs);
    for (const auto& g : gradients(sum(square(outputs)), {x, U})) all.push_back(g);
  }
  r.check(all);
}

TEST_CASE("products that would be computed from one another are not merged") {
  Recorder r;
  const auto x = r.input({T, B, H}), U = r.input({H, H});
  const auto cell = [&](const Tensor& xt, const Tensor& h) {
    const auto first = matmul(h, U);
    // The right operand of a product with h on the left depends on another one.
    const auto second = matmul(transpose(h), first);
    return tanh(xt + first + matmul(h, second));
  };
  const auto outputs = unroll(cell, x, zeros({B, H}, d)).outputs;
  Tensors all{outputs};
  for (const auto& g : gradients(sum(square(outputs)), {x, U})) all.push_back(g);
  r.check(all);
}

TEST_CASE("outside of unrolls too: two directions read the sequence once") {
  Model model(Seed{3}, Device::cpu(), d);
  const GRU left(model / "left", I, H), right(model / "right", I, H);
  Recorder r;
  const auto x = r.input({40, B, I});
  const auto forward = unroll(left, x, zeros({B, H}, d)).outputs;
  const auto backward = unroll(right, x, zeros({B, H}, d), Reverse).outputs;
  Tensors all{concat({forward, backward})};
  CHECK(counts_of(r.tape, all).products == 1);
  for (const auto& g : gradients(sum(square(all[0])), {x, left.reset.W, right.reset.U})) all.push_back(g);
  r.check(all);
}

TEST_CASE("gates of one step by itself are two products, unless each run changes the weights") {
  Model model(Seed{3}, Device::cpu(), d);
  const LSTM cell(model / "cell", I, H);
  Recorder r;
  const auto x = r.input({B, I});
  const auto y = cell(x, {r.input({B, H}), r.input({B, H})}).first;
  CHECK(counts_of(r.tape, {y}).products == 2);
  r.check({y});
  for (const auto& weight : model.parameters()) update(weight, 0.5 * weight);
  CHECK(counts_of(r.tape, {y}).products == 8);
}

TEST_CASE("parameters that a program joins itself stay joined, and are not taken apart and joined in turn") {
  Model model(Seed{3}, Device::cpu(), d);
  const Linear first(model / "first", I, H), second(model / "second", I, H);
  Recorder r;
  const auto x = r.input({B, I}), z = r.input({2, I});
  // Fewer results than there are weights, which a gradient of two sequences would be split for.
  Tensors all{matmul(x, concat({first.weight, second.weight})),
              matmul(z, concat({first.weight, second.weight}))};
  CHECK(counts_of(r.tape, all).products == 2);
  CHECK(compile(r.tape, all).explain().find("limit:") == std::string::npos);
  r.check(all);
}

TEST_CASE("what is cheap is computed again in the loop where it then reads less") {
  const auto read = [](const auto& training, auto option) {
    CompileOptions options;
    option(options);
    return counts_of(training.r.tape, training.all, options).loops.at(1).read;
  };
  const Training<LSTM, LSTMState> lstm(lstm_state());
  CHECK(read(lstm, Without("sink")) == 12 * B * H);
  CHECK(read(lstm, [](CompileOptions&) {}) == 7 * B * H);
}

TEST_CASE("what comes before a loop is computed in it where less is then stored of all steps") {
  Recorder r;
  const auto x = r.input({T, B}), y = r.input({T, B});
  const auto read = [&](const std::function<Tensor(const std::pair<Tensor, Tensor>&)>& of_both) {
    const auto cell = [&](const std::pair<Tensor, Tensor>& in, const Tensor& s) {
      return tanh(s + of_both(in));
    };
    const auto outputs = unroll(cell, std::pair(x, y), zeros({B}, d)).outputs;
    r.check({outputs});
    return counts_of(r.tape, {outputs}).loops.at(0).read;
  };
  // Both sequences are there: their product is not stored, expensive or not.
  CHECK(read([](const auto& in) { return in.first * in.second; }) == 2 * B);
  CHECK(read([](const auto& in) { return exp(in.first * in.second); }) == 2 * B);
  // The sum of a row is less than what it is repeated to.
  CHECK(read([](const auto& in) { return broadcast_to(sum(in.first) * in.second, {B}); }) == B + 1);
}

TEST_CASE("the scale of a product goes to a weight before the loop") {
  Tape tape(d);
  const Recording recording(tape);
  const auto x = tape.argument({d, {T, 9, 20}}), W = tape.argument({d, {20, 20}});
  const auto cell = [&](const Tensor& row, const Tensor& h) { return tanh(row + 0.5 * matmul(h, W)); };
  const auto improved = passes::improve(tape, {unroll(cell, x, zeros({9, 20})).outputs.id()}, {});
  const auto shapes_of_muls = [](const Tape& in) {
    std::string shapes;
    for (NodeId id = 0; id < in.size(); ++id)
      if (in.node(id).operation->name == "mul") shapes += to_string(in.node(id).type.shape);
    return shapes;
  };
  CHECK(shapes_of_muls(*improved.tape) == "[20, 20]");
}

TEST_CASE("the scale of a product goes to what is smaller") {
  const auto scaled_type = [](const Shape& left, const Shape& right) {
    Tape tape(d);
    const Recording recording(tape);
    const auto a = tape.argument({d, left}), b = tape.argument({d, right});
    const auto improved = passes::improve(tape, {(3 * matmul(a, b) / 2).id()}, {});
    std::set<std::string> shapes;
    for (NodeId id = 0; id < improved.tape->size(); ++id)
      if (improved.tape->node(id).operation->kind == Kind::map)
        shapes.insert(to_string(improved.tape->node(id).type.shape));
    REQUIRE(shapes.size() == 1);
    return *shapes.begin();
  };
  CHECK(scaled_type({2, 3}, {3, 50}) == "[2, 3]");
  CHECK(scaled_type({50, 3}, {3, 2}) == "[3, 2]");
  CHECK(scaled_type({4, 30}, {30, 5}) == "[4, 5]");
}
