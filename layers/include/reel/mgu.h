#pragma once
/// @file
/// @ingroup layers
/// Minimal gated units.
#include <reel/gate.h>
#include <reel/unroll.h>

namespace REEL_PUBLIC reel {

/// Minimal gated unit (Zhou et al. 2016): f = sigmoid(x W + h U + b), h = (1 - f) h + f tanh(x W + (f h) U +
/// b). The gates' parameters are `forget` and `candidate`, each with W, U, b. State and output are h.
struct MGU {
  std::string scope;    ///< What its operations are recorded under.
  std::int64_t hidden;  ///< How many units the state has.
  Gate forget,          ///< f
      candidate;        ///< What the state moves to.

  /// Makes the parameters under `in`, for an input [batch, inputs]. Throws Error as Scope::parameter() does.
  MGU(const Scope& in, std::int64_t inputs, std::int64_t hidden, const CellInit& init = {})
      : scope(in.path()),
        hidden(hidden),
        forget(in / "forget", inputs, hidden, init),
        candidate(in / "candidate", inputs, hidden, init) {}

  /// Zeros [batch, hidden].
  Tensor initial_state(std::int64_t batch) const { return zeros({batch, hidden}); }

  /// One step: the next h, of `x` [batch, inputs] and `h` [batch, hidden]. Throws RecordError for other
  /// shapes.
  Tensor operator()(const Tensor& x, const Tensor& h) const {
    const ScopeGuard guard(scope);
    check_step("MGU", x, forget.W.shape()[0], {{h, hidden}});
    const auto f = sigmoid(forget(x, h));
    return (1 - f) * h + f * tanh(candidate(x, f * h));
  }
};

}  // namespace reel
