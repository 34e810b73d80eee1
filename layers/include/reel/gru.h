#pragma once
#include <reel/gate.h>
#include <reel/unroll.h>

namespace reel {

/// Where a GRU applies its reset gate: to the state, or to the product of state and recurrent matrix.
enum class Reset { before_product, after_product };

/// Gated recurrent unit (Cho et al. 2014): r, u = sigmoid(x W + h U + b), h = u h + (1 - u) g, with
///   g = tanh(x W + (r h) U + b) before the product, g = tanh(x W + b + r (h U)) after it.
/// The gates' parameters are `reset`, `update` and `candidate`, each with W, U, b. State and output are h.
struct GRU {
  std::string scope;
  std::int64_t hidden;
  Gate reset, update, candidate;
  Reset form;

  GRU(const Scope& in, std::int64_t inputs, std::int64_t hidden, Reset form = Reset::after_product,
      const CellInit& init = {})
      : scope(in.path()),
        hidden(hidden),
        reset(in / "reset", inputs, hidden, init),
        update(in / "update", inputs, hidden, init),
        candidate(in / "candidate", inputs, hidden, init),
        form(form) {}

  Tensor initial_state(std::int64_t batch) const { return zeros({batch, hidden}); }

  Tensor operator()(const Tensor& x, const Tensor& h) const {
    const ScopeGuard guard(scope);
    check_step("GRU", x, reset.W.shape()[0], {{h, hidden}});
    const auto r = sigmoid(reset(x, h)), u = sigmoid(update(x, h));
    const auto g = form == Reset::before_product
                       ? tanh(candidate(x, r * h))
                       : tanh(candidate.input_part(x) + r * candidate.state_part(h));
    return u * h + (1 - u) * g;
  }
};

}  // namespace reel
