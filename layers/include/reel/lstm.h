#pragma once
#include <reel/gate.h>
#include <reel/unroll.h>

namespace reel {

/// Output h and memory c, each [batch, hidden].
template <class T>
struct LSTMStateOf {
  T h, c;
  REEL_MEMBERS(h, c)
};
using LSTMState = LSTMStateOf<Tensor>;

/// Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000), no
/// peepholes:
///   i, f, o = sigmoid(x W + h U + b), g = tanh(x W + h U + b), c = f c + i g, h = o tanh(c).
/// The gates' parameters are `input`, `forget`, `candidate` and `output`, each with W, U, b; the output is h.
struct LSTM {
  std::string scope;
  std::int64_t hidden;
  Gate input, forget, candidate, output;

  LSTM(const Scope& in, std::int64_t inputs, std::int64_t hidden, double forget_bias = 1,
       const CellInit& init = {})
      : scope(in.path()),
        hidden(hidden),
        input(in / "input", inputs, hidden, init),
        forget(in / "forget", inputs, hidden, init, forget_bias),
        candidate(in / "candidate", inputs, hidden, init),
        output(in / "output", inputs, hidden, init) {}

  LSTMState initial_state(std::int64_t batch) const {
    return {zeros({batch, hidden}), zeros({batch, hidden})};
  }

  std::pair<Tensor, LSTMState> operator()(const Tensor& x, const LSTMState& s) const {
    const ScopeGuard guard(scope);
    check_step("LSTM", x, input.W.shape()[0], {s.h, s.c}, hidden);
    const auto i = sigmoid(input(x, s.h)), f = sigmoid(forget(x, s.h));
    const auto c = f * s.c + i * tanh(candidate(x, s.h));
    const auto h = sigmoid(output(x, s.h)) * tanh(c);
    return {h, {h, c}};
  }
};

}  // namespace reel
