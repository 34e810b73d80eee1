#pragma once
#include <reel/gate.h>
#include <reel/unroll.h>

namespace REEL_PUBLIC reel {

/// Minimal gated unit (Zhou et al. 2016): f = sigmoid(x W + h U + b), h = (1 - f) h + f tanh(x W + (f h) U +
/// b). The gates' parameters are `forget` and `candidate`, each with W, U, b. State and output are h.
struct MGU {
  std::string scope;
  std::int64_t hidden;
  Gate forget, candidate;

  MGU(const Scope& in, std::int64_t inputs, std::int64_t hidden, const CellInit& init = {})
      : scope(in.path()),
        hidden(hidden),
        forget(in / "forget", inputs, hidden, init),
        candidate(in / "candidate", inputs, hidden, init) {}

  Tensor initial_state(std::int64_t batch) const { return zeros({batch, hidden}); }

  Tensor operator()(const Tensor& x, const Tensor& h) const {
    const ScopeGuard guard(scope);
    check_step("MGU", x, forget.W.shape()[0], {{h, hidden}});
    const auto f = sigmoid(forget(x, h));
    return (1 - f) * h + f * tanh(candidate(x, f * h));
  }
};

}  // namespace reel
