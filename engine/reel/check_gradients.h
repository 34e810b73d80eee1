#pragma once
#include "model.h"

namespace reel {

/// How far derived gradients are from measured ones.
struct GradientCheck {
  /// Largest |analytic - numeric| over all elements of all inputs, and the largest |gradient|.
  double worst_error = 0;
  double largest_gradient = 0;
  /// Where the worst error is: "input 1" or the name of a parameter, and the element's index there.
  std::string worst_input;
  std::vector<std::int64_t> worst_element;
  double analytic = 0, numeric = 0;

  /// worst_error <= tolerance * max(largest_gradient, 1e-3).
  bool passes(double tolerance = 1e-6) const;
};

/// "worst error 3.1e-11 at input 1[2, 0]: analytic 0.5, numeric 0.5; largest gradient 1.2"
std::string to_string(const GradientCheck& check);

/// Compares the gradients of `f` with extrapolated central differences, at `inputs`. Float64 inputs are
/// differentiated, all others passed on. Every element of the result counts, weighted with fixed numbers.
/// Throws Error for a float32 input: differences would say nothing.
GradientCheck check_gradients(const std::function<Tensor(const Tensors&)>& f,
                              const std::vector<Array>& inputs);

/// The same, and with respect to every parameter of `model`, which must be float64.
GradientCheck check_gradients(Model& model, const std::function<Tensor(const Tensors&)>& f,
                              const std::vector<Array>& inputs);

}  // namespace reel
