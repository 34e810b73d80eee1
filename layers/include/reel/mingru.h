#pragma once
#include <reel/check_step.h>
#include <reel/linear.h>
#include <reel/unroll.h>

namespace REEL_PUBLIC reel {

/// A GRU whose gate and candidate do not see the state (Feng et al. 2024): z = sigmoid(x W + b), h = (1 - z)
/// h + z (x W + b), a diagonal linear recurrence. The parameters are `update` and `candidate`, each with
/// weight and bias. State and output are h.
struct MinGRU {
  std::string scope;
  std::int64_t hidden;
  Linear update, candidate;

  MinGRU(const Scope& in, std::int64_t inputs, std::int64_t hidden)
      : scope(in.path()),
        hidden(hidden),
        update(in / "update", inputs, hidden),
        candidate(in / "candidate", inputs, hidden) {}

  Tensor initial_state(std::int64_t batch) const { return zeros({batch, hidden}); }

  Tensor operator()(const Tensor& x, const Tensor& h) const {
    const ScopeGuard guard(scope);
    check_step("MinGRU", x, update.weight.shape()[0], {{h, hidden}});
    const auto z = sigmoid(update(x));
    return (1 - z) * h + z * candidate(x);
  }
};

}  // namespace reel
