#pragma once
#include "vector.h"

/// sin and cos of vectors, after fdlibm; floats are computed as doubles.
namespace reel::cpu::REEL_VARIANT {

/// The first 33 bits of pi / 2, the next 33, the next, and the rest.
constexpr double half_pi[] = {1.57079632673412561417, 6.07710050630396597660e-11, 2.02226624871116645580e-21,
                              8.47842766036889956997e-32};
constexpr double sine[] = {-1.66666666666666324348e-01, 8.33333333332248946124e-03,
                           -1.98412698298579493134e-04, 2.75573137070700676789e-06,
                           -2.50507602534068634195e-08, 1.58969099521155010221e-10};
constexpr double cosine[] = {4.16666666666666019037e-02, -1.38888888888741095749e-03,
                             2.48015872894767294178e-05, -2.75573143513906633035e-07,
                             2.08757232129817482790e-09, -1.13596475577881948265e-11};
/// Up to here multiples of the parts of pi / 2 are exact; beyond, the C library computes.
constexpr double largest_angle = 1.6e6;

/// sin(x + quarter pi / 2) for |x| up to `largest_angle`.
inline Vector<double> sine_within(const Vector<double>& x, int quarter) {
  using V = Vector<double>;
  constexpr double rounder = 0x1.8p52;
  const V rounded = fused<double>(x, 0.63661977236758134308, rounder);
  const auto n = rounded - V(rounder);
  // x - n pi / 2 as high + low. Each difference is exact, or its error is taken along.
  const V first = x - n * half_pi[0];
  const V second = first - n * half_pi[1];
  const V third_part = n * half_pi[2] - ((first - second) - n * half_pi[1]);
  const V third = second - third_part;
  const V rest = n * half_pi[3] - ((second - third) - third_part);
  const V high = third - rest, low = (third - high) - rest;

  const auto z = high * high;
  const auto cube = z * high;
  // Without the first coefficient.
  const auto tail = fused<double>(
      z, fused<double>(z, fused<double>(z, fused<double>(z, sine[5], sine[4]), sine[3]), sine[2]), sine[1]);
  const auto sin = high - ((z * (V(0.5) * low - cube * tail) - low) - cube * V(sine[0]));
  const auto half_z = V(0.5) * z, rounded_cos = V(1) - half_z;
  const auto cos =
      rounded_cos + (((V(1) - rounded_cos) - half_z) + (z * z * polynomial(z, cosine) - high * low));

  const auto quadrant = bits_of(rounded) + Bits<double>(static_cast<std::uint64_t>(quarter));
  const auto one = Bits<double>(std::uint64_t{1});
  const Mask<double> odd{from_bits<double>(((quadrant & one) << 62)).lanes != xsimd::batch<double>(0.0)};
  const auto sign = from_bits<double>((quadrant & Bits<double>(std::uint64_t{2})) << 62);
  return choose(odd, cos, sin).lanes ^ sign.lanes;
}

inline Vector<double> sin(const Vector<double>& x) {
  const auto small = abs(x) <= largest_angle;
  // So that -0 stays.
  const auto y = choose(x == 0, x, sine_within(choose(small, x, 0), 0));
  return any(!small) ? choose(small, y, by_lane([](double lane) { return std::sin(lane); }, x)) : y;
}
inline Vector<double> cos(const Vector<double>& x) {
  const auto small = abs(x) <= largest_angle;
  const auto y = sine_within(choose(small, x, 0), 1);
  return any(!small) ? choose(small, y, by_lane([](double lane) { return std::cos(lane); }, x)) : y;
}

inline Vector<float> sin(const Vector<float>& x) {
  return as_doubles([](const auto& half) { return sin(half); }, x);
}
inline Vector<float> cos(const Vector<float>& x) {
  return as_doubles([](const auto& half) { return cos(half); }, x);
}

}  // namespace reel::cpu::REEL_VARIANT
