#pragma once
#include "exponentials.h"
#include "logarithms.h"
#if !defined(REEL_VARIANT_recorded)
#include "trigonometry.h"
#endif

/// The functions of <cmath> for vectors, at most 4 units in the last place from the exact value.
namespace reel::cpu::REEL_VARIANT {

/// Polynomials after N. Juffa: of x, and of log(1 - erf(x)) where erf is near 1.
inline Vector<float> erf(const Vector<float>& x) {
  using V = Vector<float>;
  // Beyond 4 it is 1.
  const auto at = at_most(4.0f, abs(x)), square = at * at;
  constexpr float far[] = {-1.28717512e-1f, -6.34846687e-1f, -1.06777877e-1f, 2.42546219e-2f,
                           -3.88396438e-3f, 3.83197126e-4f,  -1.72853470e-5f};
  constexpr float near[] = {1.28379166e-1f,  -3.76125336e-1f, 1.12819925e-1f,
                            -2.67681349e-2f, 4.99119423e-3f,  -5.96761703e-4f};
  const auto saturating = V(1) - exp(fused<float>(polynomial(at, far), at, -at));
  return copy_sign(choose(at > V(0.927734375f), saturating, fused<float>(polynomial(square, near), at, at)),
                   x);
}

// Rare, so a lane at a time by the C library, which is right to 1 unit.

inline Vector<double> erf(const Vector<double>& x) {
  return by_lane([](double lane) { return std::erf(lane); }, x);
}
template <class T>
Vector<T> pow(const Vector<T>& x, const Vector<T>& exponent) {
  return by_lane([](T a, T b) { return std::pow(a, b); }, x, exponent);
}
template <class T>
Vector<T> fmod(const Vector<T>& a, const Vector<T>& b) {
  return by_lane([](T x, T y) { return std::fmod(x, y); }, a, b);
}

/// The nearest integer, of two the even one. Numbers beyond 2^23, 2^52 are integers already.
template <class T>
Vector<T> nearbyint(const Vector<T>& x) {
  constexpr T integers = sizeof(T) == 4 ? T(0x1p23) : T(0x1p52);
  const auto magnitude = abs(x);
  return choose(magnitude < integers, copy_sign((magnitude + integers) - integers, x), x);
}
template <class T>
Vector<T> floor(const Vector<T>& x) {
  const auto nearest = nearbyint(x);
  return copy_sign(choose(nearest > x, nearest - T(1), nearest), x);
}
template <class T>
Vector<T> ceil(const Vector<T>& x) {
  const auto nearest = nearbyint(x);
  return copy_sign(choose(nearest < x, nearest + T(1), nearest), x);
}

}  // namespace reel::cpu::REEL_VARIANT
