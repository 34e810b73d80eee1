#pragma once
/// @file
/// @ingroup functions
/// Derivatives of any value with respect to any other.
#include "tensor.h"

namespace REEL_PUBLIC reel {

/// Derivatives of the sum of `y` with respect to each of `xs` (arguments, parameters, states, any value `y`
/// is computed from), as tensors recorded on the tape of `y`: each has the type of its x, and can be
/// differentiated again. An x that `y` does not depend on gets zeros. Throws RecordError where `y` or an x is
/// no floating tensor, or an operation in between has no derivative.
Tensors gradients(const Tensor& y, const Tensors& xs);

/// The same with `dy`, of the type of `y`, as the adjoint of `y`: a vector-Jacobian product.
Tensors gradients(const Tensor& y, const Tensors& xs, const Tensor& dy);

/// As above; an x that `y` does not depend on stays absent.
Tensors gradients_or_absent(const Tensor& y, const Tensors& xs, const Tensor& dy = {});

/// For each node of its tape whether `y`, a floating tensor, depends on it through operations that have a
/// derivative.
std::vector<bool> dependencies(const Tensor& y);

}  // namespace reel
