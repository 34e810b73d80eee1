#pragma once
#include <reel/gate.h>
#include <reel/unroll.h>

namespace REEL_PUBLIC reel {

/// The plain recurrent cell: h = act(x W + h U + b) (Elman 1990). State and output are h [batch, hidden].
/// Throws Error for an activation that is none.
struct RNN {
  using Activation = std::function<Tensor(const Tensor&)>;

  std::int64_t hidden;
  Gate gate;
  Activation activation;

  RNN(const Scope& scope, std::int64_t input, std::int64_t hidden, Activation activation = tanh,
      const CellInit& init = {})
      : hidden(hidden), gate(scope, input, hidden, init), activation(std::move(activation)) {
    if (!this->activation) throw Error("[RNN] the activation is empty");
  }

  Tensor initial_state(std::int64_t batch) const { return zeros({batch, hidden}); }

  Tensor operator()(const Tensor& x, const Tensor& h) const {
    const ScopeGuard guard(gate.scope);
    check_step("RNN", x, gate.W.shape()[0], {{h, hidden}});
    return activation(gate(x, h));
  }
};

}  // namespace reel
