#pragma once
/// @file
/// @ingroup layers
/// Independently recurrent networks.
#include <reel/check_step.h>
#include <reel/linear.h>
#include <reel/unroll.h>

namespace REEL_PUBLIC reel {

/// Independently recurrent network (Li et al. 2018): h = act(x W + u h + b), each unit sees its own past
/// alone. Parameters `input/weight` [input, hidden], `input/bias` [hidden], and `u` [hidden], at first
/// uniform in [0, 1). State and output are h. Without an activation it is linear, a running average with a
/// rate for each unit.
struct IndRNN {
  /// An elementwise function.
  using Activation = std::function<Tensor(const Tensor&)>;

  std::string scope;      ///< What its operations are recorded under.
  std::int64_t hidden;    ///< How many units the state has.
  Linear input;           ///< x W + b
  Parameter u;            ///< A factor for each unit's own past.
  Activation activation;  ///< None where it is empty.

  /// Makes the parameters under `in`, for an input [batch, inputs]. Throws Error as Scope::parameter() does.
  IndRNN(const Scope& in, std::int64_t inputs, std::int64_t hidden, Activation activation = relu,
         const Initialiser& recurrent = uniform_init(0, 1))
      : scope(in.path()),
        hidden(hidden),
        input(in / "input", inputs, hidden),
        u(in.parameter("u", {hidden}, recurrent)),
        activation(std::move(activation)) {}

  /// Zeros [batch, hidden].
  Tensor initial_state(std::int64_t batch) const { return zeros({batch, hidden}); }

  /// One step: the next h, of `x` [batch, inputs] and `h` [batch, hidden]. Throws RecordError for other
  /// shapes.
  Tensor operator()(const Tensor& x, const Tensor& h) const {
    const ScopeGuard guard(scope);
    check_step("IndRNN", x, input.weight.shape()[0], {{h, hidden}});
    const auto sum = input(x) + u * h;
    return activation ? activation(sum) : sum;
  }
};

}  // namespace reel
