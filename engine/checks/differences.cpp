#include "checks/differences.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace reel {

namespace {

struct Estimate {
  double h;
  /// Central differences at h and h / 2, combined so that the error of order h^2 cancels (Richardson
  /// extrapolation).
  double slope;
  /// f(x + h) + f(x - h), and the same for h / 2.
  double sum, closer_sum;
  /// What rounding may do to the slope. It is no part of what two estimates differ by where it leaves
  /// nothing of the differences, so that they are all zero.
  double rounding;
};

Estimate estimate(double& x, double h, const std::function<double()>& value) {
  // Put back also where the value throws: x may be a parameter of a model.
  struct Restore {
    double &x, value;
    ~Restore() { x = value; }
  } const restore{x, x};
  const auto at = [&](double step) {
    x = restore.value + step;
    return value();
  };
  const double up = at(h), down = at(-h), closer_up = at(h / 2), closer_down = at(-h / 2);
  const double largest = std::max({std::abs(up), std::abs(down), std::abs(closer_up), std::abs(closer_down)});
  return {h, (4 * (closer_up - closer_down) / h - (up - down) / (2 * h)) / 3, up + down,
          closer_up + closer_down, std::numeric_limits<double>::epsilon() * largest / h};
}

/// Whether a kink or a jump at the place itself can be why a derivative is off by `error`. What the slope to
/// the right and the slope to the left differ by is half as large for half the step where a function is
/// smooth, the same at a kink, twice as large at a jump, or a pole that is nearer than the step. Twice as
/// large is also what rounding within the function makes of them, but that is nothing beside its value. At a
/// jump a derivative can be off by any amount.
bool is_explained_by_sides(double error, const Estimate& at, double middle) {
  const double sides = std::abs(at.sum - 2 * middle) / at.h;
  const double closer_sides = std::abs(at.closer_sum - 2 * middle) / (at.h / 2);
  const double largest = at.rounding * at.h / std::numeric_limits<double>::epsilon();
  const bool is_jump = closer_sides > 1.5 * sides && sides * at.h > 1e-3 * largest;
  return is_jump || (closer_sides > 0.75 * sides && error <= closer_sides);
}

}  // namespace

Comparison compare_with_differences(double exact, double scale, double& x,
                                    const std::function<double()>& value) {
  const double widest = 1e-3 * std::max(1.0, std::abs(x));
  auto best = estimate(x, widest, value);
  const double negligible = 1e-6 * scale;
  if (std::abs(exact - best.slope) <= 1e-7 * scale && best.rounding <= negligible) return {best.slope, true};
  double uncertainty = std::numeric_limits<double>::infinity();
  auto last = best;
  // Smaller than the last of these, rounding leaves nothing of a difference.
  constexpr int smaller_steps = 6;
  for (int i = 1; i <= smaller_steps; ++i) {
    const auto next = estimate(x, widest * std::pow(8, -i), value);
    // Not "change >= uncertainty": what is not a number settles nothing.
    if (const double change = std::abs(next.slope - last.slope) + next.rounding; change < uncertainty) {
      best = next;
      uncertainty = change;
    }
    last = next;
  }
  const double error = std::abs(exact - best.slope), change = uncertainty - best.rounding;
  const bool is_off = error > negligible;
  // That a derivative is wrong must stand out from rounding; that it is right only has to be seen through it.
  const bool agrees_with_itself = is_off ? uncertainty <= std::max(0.1 * error, negligible)
                                         : change <= negligible && best.rounding <= 1e-3 * scale;
  return {best.slope, agrees_with_itself && !(is_off && is_explained_by_sides(error, best, value()))};
}

}  // namespace reel
