#pragma once
#include <reel/reel.h>

/// Cells as a user would write them, without a look at Reel's layers, some of which compute the same: gates
/// are separate products of x and h side by side.
namespace benchmarks {

using namespace reel;

struct CustomRNN {
  Linear gate;

  CustomRNN(const Scope& scope, std::int64_t input, std::int64_t hidden)
      : gate(scope / "gate", input + hidden, hidden) {}

  Tensor operator()(const Tensor& x, const Tensor& h) const { return tanh(gate(concat({x, h}))); }
};

/// The reset gate after the product, so the candidate's products of x and of h stay apart.
struct CustomGRU {
  Linear reset, update, candidate_input, candidate_state;

  CustomGRU(const Scope& scope, std::int64_t input, std::int64_t hidden)
      : reset(scope / "reset", input + hidden, hidden),
        update(scope / "update", input + hidden, hidden),
        candidate_input(scope / "candidate_input", input, hidden),
        candidate_state(scope / "candidate_state", hidden, hidden) {}

  Tensor operator()(const Tensor& x, const Tensor& h) const {
    const auto both = concat({x, h});
    const auto r = sigmoid(reset(both)), u = sigmoid(update(both));
    const auto g = tanh(candidate_input(x) + r * candidate_state(h));
    return u * h + (1 - u) * g;
  }
};

struct CustomLSTM {
  Linear input, forget, candidate, output;

  CustomLSTM(const Scope& scope, std::int64_t inputs, std::int64_t hidden)
      : input(scope / "input", inputs + hidden, hidden),
        forget(scope / "forget", inputs + hidden, hidden),
        candidate(scope / "candidate", inputs + hidden, hidden),
        output(scope / "output", inputs + hidden, hidden) {}

  std::pair<Tensor, LSTMState> operator()(const Tensor& x, const LSTMState& s) const {
    const auto both = concat({x, s.h});
    const auto c = sigmoid(forget(both)) * s.c + sigmoid(input(both)) * tanh(candidate(both));
    const auto h = sigmoid(output(both)) * tanh(c);
    return {h, {h, c}};
  }
};

/// Zhou et al. 2016.
struct MinimalGatedUnit {
  Linear forget, candidate;

  MinimalGatedUnit(const Scope& scope, std::int64_t input, std::int64_t hidden)
      : forget(scope / "forget", input + hidden, hidden),
        candidate(scope / "candidate", input + hidden, hidden) {}

  Tensor operator()(const Tensor& x, const Tensor& h) const {
    const auto f = sigmoid(forget(concat({x, h})));
    return (1 - f) * h + f * tanh(candidate(concat({x, f * h})));
  }
};

/// The gates see the memory too, each unit its own (Gers and Schmidhuber 2000).
struct PeepholeLSTM {
  Gate input, forget, candidate, output;
  Parameter input_peephole, forget_peephole, output_peephole;  // [hidden]

  PeepholeLSTM(const Scope& scope, std::int64_t inputs, std::int64_t hidden)
      : input(scope / "input", inputs, hidden),
        forget(scope / "forget", inputs, hidden),
        candidate(scope / "candidate", inputs, hidden),
        output(scope / "output", inputs, hidden),
        input_peephole((scope / "input").parameter("peephole", {hidden}, constant_init(0.1))),
        forget_peephole((scope / "forget").parameter("peephole", {hidden}, constant_init(0.1))),
        output_peephole((scope / "output").parameter("peephole", {hidden}, constant_init(0.1))) {}

  std::pair<Tensor, LSTMState> operator()(const Tensor& x, const LSTMState& s) const {
    const auto i = sigmoid(input(x, s.h) + input_peephole * s.c);
    const auto f = sigmoid(forget(x, s.h) + forget_peephole * s.c);
    const auto c = f * s.c + i * tanh(candidate(x, s.h));
    const auto h = sigmoid(output(x, s.h) + output_peephole * c) * tanh(c);
    return {h, {h, c}};
  }
};

/// layer_norm with its scale and shift (Ba et al. 2016). A scale that begins below 1 keeps gradients from
/// exploding over many steps (Cooijmans et al. 2017).
struct Norm {
  Parameter scale, shift;

  Norm(const Scope& scope, std::int64_t size)
      : scale(scope.parameter("scale", {size}, constant_init(0.1))),
        shift(scope.parameter("shift", {size}, constant_init(0))) {}

  Tensor operator()(const Tensor& x) const { return layer_norm(x) * scale + shift; }
};

/// Both products and the memory are normalised (Ba et al. 2016, equations 20 to 22).
struct LayerNormLSTM {
  Parameter W, U;  // [inputs, 4 hidden], [hidden, 4 hidden]
  Norm input_norm, state_norm, memory_norm;

  LayerNormLSTM(const Scope& scope, std::int64_t inputs, std::int64_t hidden)
      : W(scope.parameter("W", {inputs, 4 * hidden}, glorot_uniform())),
        U(scope.parameter("U", {hidden, 4 * hidden}, orthogonal())),
        input_norm(scope / "input_norm", 4 * hidden),
        state_norm(scope / "state_norm", 4 * hidden),
        memory_norm(scope / "memory_norm", hidden) {}

  std::pair<Tensor, LSTMState> operator()(const Tensor& x, const LSTMState& s) const {
    const auto gates = split(input_norm(matmul(x, W)) + state_norm(matmul(s.h, U)), 4);
    const auto c = sigmoid(gates[1]) * s.c + sigmoid(gates[0]) * tanh(gates[2]);
    const auto h = sigmoid(gates[3]) * tanh(memory_norm(c));
    return {h, {h, c}};
  }
};

}  // namespace benchmarks
