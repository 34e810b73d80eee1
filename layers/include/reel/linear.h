#pragma once
/// @file
/// @ingroup layers
/// Affine maps.
#include <reel/initialisers.h>
#include <reel/ops.h>
#include <reel/record.h>

namespace REEL_PUBLIC reel {

/// y = x weight + bias: [..., input] -> [..., output]. Parameters `weight` [input, output] and `bias`
/// [output].
struct Linear {
  std::string scope;  ///< What its operations are recorded under.
  Parameter weight,   ///< [input, output]
      bias;           ///< [output], at first 0.

  /// Makes the parameters under `in`. Throws Error as Scope::parameter() does.
  Linear(const Scope& in, std::int64_t input, std::int64_t output,
         const Initialiser& initialiser = glorot_uniform())
      : scope(in.path()),
        weight(in.parameter("weight", {input, output}, initialiser)),
        bias(in.parameter("bias", {output}, constant_init(0))) {}

  /// x weight + bias, [..., output]. Throws RecordError unless the last extent of `x` is `input`.
  Tensor operator()(const Tensor& x) const {
    const ScopeGuard guard(scope);
    return matmul(x, weight) + bias;
  }
};

}  // namespace reel
