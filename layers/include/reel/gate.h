#pragma once
/// @file
/// @ingroup layers
/// Gates, of which cells are made.
#include <reel/check_step.h>
#include <reel/initialisers.h>
#include <reel/ops.h>
#include <reel/record.h>

namespace REEL_PUBLIC reel {

/// How the parameters of a recurrent cell begin.
struct CellInit {
  Initialiser input = glorot_uniform();  ///< Of what multiplies the input.
  Initialiser recurrent = orthogonal();  ///< Of what multiplies the state.
};

/// How wide a gate is, and what it reads.
struct GateSizes {
  std::int64_t input,  ///< Of the input.
      state,           ///< Of the state that it reads.
      hidden;          ///< Of the gate.
};

/// What every gate of a recurrent cell computes before its activation: x W + h U + b, with x [batch, input],
/// h [batch, state]. Parameters `W` [input, hidden], `U` [state, hidden], `b` [hidden].
struct Gate {
  std::string scope;  ///< What its operations are recorded under.
  Parameter W,        ///< [input, hidden]
      U,              ///< [state, hidden]
      b;              ///< [hidden]

  /// One without parameters: a gate that a cell does without.
  Gate() = default;
  /// Makes the parameters under `in`; every element of `b` is `bias`. Throws Error as Scope::parameter()
  /// does.
  Gate(const Scope& in, const GateSizes& sizes, const CellInit& init = {}, double bias = 0)
      : scope(in.path()),
        W(in.parameter("W", {sizes.input, sizes.hidden}, init.input)),
        U(in.parameter("U", {sizes.state, sizes.hidden}, init.recurrent)),
        b(in.parameter("b", {sizes.hidden}, constant_init(bias))) {}
  /// Of a state as wide as the gate.
  Gate(const Scope& in, std::int64_t input, std::int64_t hidden, const CellInit& init = {}, double bias = 0)
      : Gate(in, GateSizes{input, hidden, hidden}, init, bias) {}

  /// The sum before the activation, [batch, hidden]. Throws RecordError for other shapes.
  Tensor operator()(const Tensor& x, const Tensor& h) const {
    const ScopeGuard guard(scope);
    check_step("Gate", x, W.shape()[0], {{h, U.shape()[0]}});
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
