#pragma once
#include <reel/check_step.h>
#include <reel/initialisers.h>
#include <reel/ops.h>
#include <reel/record.h>

namespace reel {

/// How the parameters of a recurrent cell begin.
struct CellInit {
  Initialiser input = glorot_uniform();
  Initialiser recurrent = orthogonal();
};

/// What every gate of a recurrent cell computes before its activation: x W + h U + b, with x [batch, input],
/// h [batch, hidden]. Parameters `W` [input, hidden], `U` [hidden, hidden], `b` [hidden].
struct Gate {
  std::string scope;
  Parameter W, U, b;

  Gate(const Scope& in, std::int64_t input, std::int64_t hidden, const CellInit& init = {}, double bias = 0)
      : scope(in.path()),
        W(in.parameter("W", {input, hidden}, init.input)),
        U(in.parameter("U", {hidden, hidden}, init.recurrent)),
        b(in.parameter("b", {hidden}, constant_init(bias))) {}

  Tensor operator()(const Tensor& x, const Tensor& h) const {
    const ScopeGuard guard(scope);
    check_step("Gate", x, W.shape()[0], {h}, U.shape()[0]);
    return input_part(x) + state_part(h);
  }

  /// x W + b
  Tensor input_part(const Tensor& x) const {
    const ScopeGuard guard(scope);
    return matmul(x, W) + b;
  }
  /// h U
  Tensor state_part(const Tensor& h) const {
    const ScopeGuard guard(scope);
    return matmul(h, U);
  }
};

}  // namespace reel
