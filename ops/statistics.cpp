#include <reel/ops.h>
#include <reel/record.h>

#include "reduction.h"

// Composed from sums and extremes.

namespace reel {

using reducing::all_axes;
using reducing::reduced_shape;

namespace {

/// Elements that become one.
double reduced_count(const char* operation, const Tensor& x, const Axes& axes) {
  double count = 1;
  for (auto axis : axes) count *= static_cast<double>(x.extent(checked_axis(operation, x, axis)));
  return count;
}

bool is_exact(const Tensor& x) { return x.own_element() && !is_floating(*x.own_element()); }

/// `f` of integers or bools: computed in float64, which holds them where float32 may not, as the floating
/// type of the tape.
Tensor in_floating(const char* operation, const Tensor& x, const std::function<Tensor(const Tensor&)>& f) {
  auto& tape = destination(operation, {x});
  return cast(f(cast(bring(tape, x, operation), ElementType::float64)), tape.floating());
}

}  // namespace

Tensor mean(const Tensor& x, const Axes& axes, bool keep) {
  check_usable("mean", x);
  if (is_exact(x))
    return in_floating("mean", x, [&](const Tensor& exact) { return mean(exact, axes, keep); });
  const auto total = sum(x, axes, keep);
  return total / reduced_count("mean", x, axes);
}
Tensor mean(const Tensor& x) { return mean(x, all_axes("mean", x)); }

Tensor variance(const Tensor& x, const Axes& axes, bool keep, double correction) {
  check_usable("variance", x);
  if (is_exact(x))
    return in_floating("variance", x,
                       [&](const Tensor& exact) { return variance(exact, axes, keep, correction); });
  const auto squares = sum(square(x - mean(x, axes, true)), axes, keep);
  return squares / (reduced_count("variance", x, axes) - correction);
}
Tensor variance(const Tensor& x) { return variance(x, all_axes("variance", x)); }

namespace {

/// What elements are counted in for their norm, so that no square overflows and none that matters vanishes:
/// 1, or where the largest of them is far from that, a number nearer to it by what squares bear, so that the
/// adjoint, which is measured in it too, bears as much. The norm does not depend on it, nor do its
/// derivatives.
Tensor unit_of_norm(const Tensor& largest) {
  constexpr double far = 0x1p40, borne = 0x1p30;
  const auto is_large = largest > far, is_small = largest < 1 / far;
  const auto unit = largest * cast(select(is_large, 1 / borne, borne), largest.element());
  return select((is_large || is_small) && largest > 0 && isfinite(largest), unit, 1);
}

}  // namespace

Tensor norm(const Tensor& x, const Axes& axes, bool keep) {
  check_usable("norm", x);
  if (is_exact(x)) refuse("norm", "operands must be floating", {x});
  if (reduced_count("norm", x, axes) == 0) return sum(x, axes, keep);
  const auto unit = unit_of_norm(stop_gradient(max(abs(x), axes, true)));
  const auto squares = sum(square(x / unit), axes, true);
  const auto is_zero = squares == 0;
  const auto result = unit * select(is_zero, 0, sqrt(select(is_zero, 1, squares)));
  return keep ? result : reshape(result, reduced_shape(x.shape(), normal_axes(axes, x.rank())));
}
Tensor norm(const Tensor& x) { return norm(x, all_axes("norm", x)); }

Tensor logsumexp(const Tensor& x, const Axes& axes, bool keep) {
  check_usable("logsumexp", x);
  // Where the largest is infinite it cannot be taken off, and need not be.
  const auto largest = stop_gradient(max(x, axes, true));
  const auto shift = select(isfinite(largest), largest, 0);
  const auto result = log(sum(exp(x - shift), axes, true)) + shift;
  return keep ? result : reshape(result, reduced_shape(x.shape(), normal_axes(axes, x.rank())));
}
Tensor logsumexp(const Tensor& x) { return logsumexp(x, all_axes("logsumexp", x)); }

Tensor any(const Tensor& x, const Axes& axes, bool keep) {
  check_usable("any", x);
  if (x.own_element() != ElementType::boolean) refuse("any", "operands must be bool", {x});
  return sum(x, axes, keep) > 0;
}
Tensor any(const Tensor& x) { return any(x, all_axes("any", x)); }
Tensor all(const Tensor& x, const Axes& axes, bool keep) {
  check_usable("all", x);
  return !any(!x, axes, keep);
}
Tensor all(const Tensor& x) { return all(x, all_axes("all", x)); }

}  // namespace reel
