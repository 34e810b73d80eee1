#pragma once
#include <functional>

namespace reel {

/// A derivative beside its measured value.
struct Comparison {
  double measured;
  /// False where the differences say nothing: they go on changing as their step gets smaller, or what the two
  /// sides give differs by more than the derivative is off, and there is a kink or a jump nearby; or the
  /// value is so large that they are lost in its rounding.
  bool settles;
};

/// Compares `exact` with the derivative of `value` by `x`, which stands at its place again afterwards.
/// Derivatives are of the size of `scale`.
///
/// Where a wide step confirms it, that is all. Otherwise the steps get smaller until two estimates agree, so
/// that a kink is left behind where it can be.
Comparison compare_with_differences(double exact, double scale, double& x,
                                    const std::function<double()>& value);

}  // namespace reel
