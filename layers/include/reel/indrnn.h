#pragma once
#include <reel/check_step.h>
#include <reel/linear.h>
#include <reel/unroll.h>

namespace REEL_PUBLIC reel {

/// Independently recurrent network (Li et al. 2018): h = act(x W + u h + b), each unit sees its own past
/// alone. Parameters `input/weight` [input, hidden], `input/bias` [hidden], and `u` [hidden], at first
/// uniform in [0, 1). State and output are h. Without an activation it is linear, a running average with a
/// rate for each unit.
struct IndRNN {
  using Activation = std::function<Tensor(const Tensor&)>;

  std::string scope;
  std::int64_t hidden;
  Linear input;
  Parameter u;
  Activation activation;  // none where it is empty

  IndRNN(const Scope& in, std::int64_t inputs, std::int64_t hidden, Activation activation = relu,
         const Initialiser& recurrent = uniform_init(0, 1))
      : scope(in.path()),
        hidden(hidden),
        input(in / "input", inputs, hidden),
        u(in.parameter("u", {hidden}, recurrent)),
        activation(std::move(activation)) {}

  Tensor initial_state(std::int64_t batch) const { return zeros({batch, hidden}); }

  Tensor operator()(const Tensor& x, const Tensor& h) const {
    const ScopeGuard guard(scope);
    check_step("IndRNN", x, input.weight.shape()[0], {{h, hidden}});
    const auto sum = input(x) + u * h;
    return activation ? activation(sum) : sum;
  }
};

}  // namespace reel
