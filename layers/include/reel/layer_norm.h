#pragma once
/// @file
/// @ingroup layers
/// Layer normalisation with scale and shift.
#include <reel/initialisers.h>
#include <reel/ops.h>
#include <reel/record.h>

namespace REEL_PUBLIC reel {

/// Layer normalisation over the last axis (Ba et al. 2016), [..., size] -> [..., size]:
///   (x - mean) / sqrt(variance + 1e-5) * scale + shift.
/// Parameters `scale` [size], at first `first_scale`, and `shift` [size], at first 0.
struct LayerNorm {
  std::string scope;  ///< What its operations are recorded under.
  Parameter scale,    ///< [size]
      shift;          ///< [size]

  /// One without parameters, for layers that may do without it.
  LayerNorm() = default;
  /// Makes the parameters under `in`. Throws Error as Scope::parameter() does.
  LayerNorm(const Scope& in, std::int64_t size, double first_scale = 1)
      : scope(in.path()),
        scale(in.parameter("scale", {size}, constant_init(first_scale))),
        shift(in.parameter("shift", {size}, constant_init(0))) {}

  /// `x` [..., size] normalised. Throws RecordError for another shape.
  Tensor operator()(const Tensor& x) const {
    const ScopeGuard guard(scope);
    check_usable("LayerNorm", x);
    if (x.rank() == 0 || x.extent(-1) != scale.shape()[0])
      refuse("LayerNorm", "takes [..., " + std::to_string(scale.shape()[0]) + "]", {x});
    return layer_norm(x) * scale + shift;
  }
};

}  // namespace reel
