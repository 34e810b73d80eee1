#pragma once
/// @file
/// @ingroup layers
/// Gated recurrent units that are scans.
#include <reel/check_step.h>
#include <reel/linear.h>
#include <reel/unroll.h>

namespace REEL_PUBLIC reel {

/// A GRU whose gate and candidate do not see the state (Feng et al. 2024): z = sigmoid(x W + b), h = (1 - z)
/// h + z (x W + b), a diagonal linear recurrence. The parameters are `update` and `candidate`, each with
/// weight and bias. State and output are h.
struct MinGRU {
  std::string scope;    ///< What its operations are recorded under.
  std::int64_t hidden;  ///< How many units the state has.
  Linear update,        ///< z
      candidate;        ///< What the state moves to.

  /// Makes the parameters under `in`, for an input [batch, inputs]. Throws Error as Scope::parameter() does.
  MinGRU(const Scope& in, std::int64_t inputs, std::int64_t hidden)
      : scope(in.path()),
        hidden(hidden),
        update(in / "update", inputs, hidden),
        candidate(in / "candidate", inputs, hidden) {}

  /// Zeros [batch, hidden].
  Tensor initial_state(std::int64_t batch) const { return zeros({batch, hidden}); }

  /// One step: the next h, of `x` [batch, inputs] and `h` [batch, hidden]. Throws RecordError for other
  /// shapes.
  Tensor operator()(const Tensor& x, const Tensor& h) const {
    const ScopeGuard guard(scope);
    check_step("MinGRU", x, update.weight.shape()[0], {{h, hidden}});
    const auto z = sigmoid(update(x));
    return (1 - z) * h + z * candidate(x);
  }
};

}  // namespace reel
