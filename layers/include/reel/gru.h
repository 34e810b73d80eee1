#pragma once
/// @file
/// @ingroup layers
/// Gated recurrent units.
#include <reel/gate.h>
#include <reel/unroll.h>

namespace REEL_PUBLIC reel {

/// Where a GRU applies its reset gate: to the state, to the product of state and recurrent matrix, or to that
/// product and a bias of its own, as in cuDNN, PyTorch and Keras.
enum class Reset { before_product, after_product, after_product_with_bias };

/// Gated recurrent unit (Cho et al. 2014): r, u = sigmoid(x W + h U + b), h = u h + (1 - u) g, with
///   g = tanh(x W + (r h) U + b) before the product, g = tanh(x W + b + r (h U)) after it, and with a bias
///   g = tanh(x W + b + r (h U + v)).
/// The gates' parameters are `reset`, `update` and `candidate`, each with W, U, b; v is
/// `candidate/state_bias` [hidden]. State and output are h.
struct GRU {
  std::string scope;     ///< What its operations are recorded under.
  std::int64_t hidden;   ///< How many units the state has.
  Gate reset,            ///< r
      update,            ///< u
      candidate;         ///< g
  Parameter state_bias;  ///< v [hidden]; absent in the other forms.
  Reset form;            ///< Where the reset gate is applied.

  /// Makes the parameters under `in`, for an input [batch, inputs]. Throws Error as Scope::parameter() does.
  GRU(const Scope& in, std::int64_t inputs, std::int64_t hidden, Reset form = Reset::after_product,
      const CellInit& init = {})
      : scope(in.path()),
        hidden(hidden),
        reset(in / "reset", inputs, hidden, init),
        update(in / "update", inputs, hidden, init),
        candidate(in / "candidate", inputs, hidden, init),
        form(form) {
    if (form == Reset::after_product_with_bias)
      state_bias = (in / "candidate").parameter("state_bias", {hidden}, constant_init(0));
  }

  /// Zeros [batch, hidden].
  Tensor initial_state(std::int64_t batch) const { return zeros({batch, hidden}); }

  /// One step: the next h, of `x` [batch, inputs] and `h` [batch, hidden]. Throws RecordError for other
  /// shapes.
  Tensor operator()(const Tensor& x, const Tensor& h) const {
    const ScopeGuard guard(scope);
    check_step("GRU", x, reset.W.shape()[0], {{h, hidden}});
    const auto r = sigmoid(reset(x, h)), u = sigmoid(update(x, h));
    const auto g = form == Reset::before_product ? tanh(candidate(x, r * h))
                                                 : tanh(candidate.input_part(x) + r * state_part(h));
    return u * h + (1 - u) * g;
  }

 private:
  /// What the reset gate is applied to after the product.
  Tensor state_part(const Tensor& h) const {
    const auto product = candidate.state_part(h);
    return state_bias.variable() ? product + state_bias : product;
  }
};

}  // namespace reel
