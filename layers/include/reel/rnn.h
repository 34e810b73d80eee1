#pragma once
/// @file
/// @ingroup layers
/// Plain recurrent cells.
#include <reel/gate.h>
#include <reel/unroll.h>

namespace REEL_PUBLIC reel {

/// The plain recurrent cell: h = act(x W + h U + b) (Elman 1990). State and output are h [batch, hidden].
/// Throws Error for an activation that is none.
struct RNN {
  /// An elementwise function.
  using Activation = std::function<Tensor(const Tensor&)>;

  std::int64_t hidden;    ///< How many units the state has.
  Gate gate;              ///< The sum before the activation.
  Activation activation;  ///< What is done to that sum.

  /// Makes the parameters under `scope`, for an input [batch, input]. Throws Error as Scope::parameter()
  /// does.
  RNN(const Scope& scope, std::int64_t input, std::int64_t hidden, Activation activation = tanh,
      const CellInit& init = {})
      : hidden(hidden), gate(scope, input, hidden, init), activation(std::move(activation)) {
    if (!this->activation) throw Error("[RNN] the activation is empty");
  }

  /// Zeros [batch, hidden].
  Tensor initial_state(std::int64_t batch) const { return zeros({batch, hidden}); }

  /// One step: the next h, of `x` [batch, input] and `h` [batch, hidden]. Throws RecordError for other
  /// shapes.
  Tensor operator()(const Tensor& x, const Tensor& h) const {
    const ScopeGuard guard(gate.scope);
    check_step("RNN", x, gate.W.shape()[0], {{h, hidden}});
    return activation(gate(x, h));
  }
};

}  // namespace reel
