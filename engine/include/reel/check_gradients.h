#pragma once
/// @file
/// @ingroup functions
/// Derived gradients beside measured ones.
#include "model.h"

namespace REEL_PUBLIC reel {

/// How far derived gradients are from measured ones.
struct GradientCheck {
  /// Largest |analytic - numeric| over all elements that were compared.
  double worst_error = 0;
  /// Largest finite |gradient| of these elements.
  double largest_gradient = 0;
  /// Where the worst error is: "input 1" or the name of a parameter.
  std::string worst_input;
  /// The index of the worst element there.
  std::vector<std::int64_t> worst_element;
  double analytic = 0,  ///< The derived gradient there.
      numeric = 0;      ///< The one measured by differences.
  /// How many elements were compared, and at how many nothing can be: there the differences do not settle as
  /// their step gets smaller, or those to both sides differ. A kink (relu at 0), a jump (floor at 1), the
  /// edge of where the function is defined, or rounding errors of a function much larger than its slopes.
  std::int64_t compared = 0,  ///< How many elements were compared.
      unsettled = 0;          ///< At how many nothing can be compared.
  /// The first of those.
  std::string unsettled_input;
  /// The index of that element there.
  std::vector<std::int64_t> unsettled_element;

  /// No wrong derivative was found: worst_error <= tolerance * max(largest_gradient, 1e-3). False where the
  /// differences settle nowhere, since then nothing was compared.
  bool passes(double tolerance = 1e-6) const;
};

/// "worst error 3.1e-11 at input 1[2, 0]: analytic 0.5, numeric 0.5; largest gradient 1.2", and where the
/// differences do not settle: "the differences do not settle at input 0[3], where nothing was compared: a
/// kink or a jump nearby, or rounding".
std::string to_string(const GradientCheck& check);

/// Compares the gradients of `f` with extrapolated central differences, at `inputs`, with smaller and smaller
/// steps where a wide one does not confirm them. Float64 inputs are differentiated, all others passed on.
/// Every element of the result counts, weighted with fixed numbers. Throws Error for a float32 input:
/// differences would say nothing.
GradientCheck check_gradients(const std::function<Tensor(const Tensors&)>& f,
                              const std::vector<Array>& inputs);

/// The same, and with respect to every parameter of `model`, which must be float64.
GradientCheck check_gradients(Model& model, const std::function<Tensor(const Tensors&)>& f,
                              const std::vector<Array>& inputs);

}  // namespace reel
