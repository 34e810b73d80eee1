#pragma once
#include <limits>

#include "vector.h"

/// exp, expm1 and tanh of vectors.
namespace reel::cpu::REEL_VARIANT {

/// For x = n ln 2 + r: ln 2 in two parts, of which the first times any n is exact, and the q of
/// e^r = 1 + r + r^2 q(r) for |r| <= ln 2 / 2, from interpolation at Chebyshev's nodes (1e-8, 2e-17).
template <class T>
struct Exponential;
template <>
struct Exponential<float> {
  static constexpr float inverse_ln2 = 1.4426950408889634f;
  static constexpr float ln2_high = 0.693145751953125f, ln2_low = 1.42860682031e-6f;
  static constexpr float q[] = {0.5f, 0.16666576666119928f, 0.041666554212984150f, 0.0083632328836826182f,
                                0.0013926250831497612f};
  /// Added to a number and taken off it leaves the nearest integer, and that integer in the lowest bits.
  static constexpr float rounder = 0x1.8p23f;
  static constexpr int mantissa_bits = 23;
  /// Beyond these e^x is 0 or infinite; beyond the last one even the two factors of 2^n are.
  static constexpr float lowest = -104, highest = 89, exp_highest = 177.5f;
  /// 2^(n + shift) is a normal number for all n of numbers from `lowest` to 0; 2^-shift.
  static constexpr int shift = 64;
  static constexpr float unshift = 0x1p-64f;
  /// Beyond this tanh(x) is 1.
  static constexpr float tanh_highest = 10;
  /// Below this tanh(x) and expm1(x) are x.
  static constexpr float tiny = 0x1p-26f;
  /// Beyond this expm1(x) is -1.
  static constexpr float expm1_lowest = -20;
};
template <>
struct Exponential<double> {
  static constexpr double inverse_ln2 = 1.4426950408889634074;
  static constexpr double ln2_high = 0.6931471805601177038624883, ln2_low = -1.7239444525614834773e-13;
  static constexpr double q[] = {0.50000000000000010314,     0.1666666666666666746,
                                 0.041666666666623820532,    0.0083333333333300381973,
                                 0.0013888888917367080562,   0.00019841269863171556026,
                                 0.000024801521057868205199, 2.7557268276905696187e-6,
                                 2.7620201591031548792e-7,   2.5100472505694996003e-8};
  static constexpr double rounder = 0x1.8p52;
  static constexpr int mantissa_bits = 52;
  static constexpr double lowest = -746, highest = 710, exp_highest = 1419.6;
  static constexpr int shift = 512;
  static constexpr double unshift = 0x1p-512;
  static constexpr double tanh_highest = 20;
  static constexpr double tiny = 0x1p-55;
  static constexpr double expm1_lowest = -40;
};

/// x = n ln 2 + r.
template <class T>
struct Split {
  using C = Exponential<T>;
  Vector<T> rounded, n, r;

  explicit Split(const Vector<T>& x) {
    rounded = fused<T>(x, C::inverse_ln2, C::rounder);
    n = rounded - C::rounder;
    r = fused<T>(n, -C::ln2_low, fused<T>(n, -C::ln2_high, x));
  }
  /// e^r - 1
  Vector<T> expm1_of_r() const { return fused<T>(r * r, polynomial(r, C::q), r); }
  /// 2^(n + shift), which is a normal number.
  Vector<T> power(int shift = 0) const {
    using Number = typename Bits<T>::value_type;
    const Bits<T> bias(Number(Exponential<T>::mantissa_bits == 23 ? 127 : 1023) + Number(shift));
    return from_bits<T>((bits_of(rounded) + bias) << C::mantissa_bits);
  }
};

template <class T>
Vector<T> exp(const Vector<T>& x) {
  using C = Exponential<T>;
  const Split<T> split(at_most(C::exp_highest, at_least(C::lowest, x)));
  const auto y = split.expm1_of_r() + T(1);
  if (has_scale()) return scaled(y, split.n);
  // In two steps, since 2^n need not be a normal number: the second rounds once. Of infinity both factors are
  // infinite, so that none overflows.
  const Vector<T> half = fused<T>(split.n, T(0.5), C::rounder);
  Split<T> first = split, second = split;
  first.rounded = half;
  second.rounded = split.n - (half - C::rounder) + C::rounder;
  return y * first.power() * second.power();
}

/// The same bits, without what only large results need.
template <class T>
Vector<T> exp(const NeverPositive<T>& x) {
  using C = Exponential<T>;
  const Split<T> split(at_least(C::lowest, x));
  const auto rest = split.expm1_of_r();
  if (has_scale()) return scaled(rest + T(1), split.n);
  // 2^n need not be a normal number: where it is none, the last product rounds.
  const auto power = split.power(C::shift);
  return fused<T>(power, rest, power) * C::unshift;
}

/// For x between -50 and the logarithm of the largest number, and a little beyond.
template <class T>
Vector<T> expm1_within(const Vector<T>& x) {
  const Split<T> split(x);
  // Half of 2^n, which for the largest x would be too large.
  const auto half = split.power(-1);
  const auto y = fused<T>(half, split.expm1_of_r(), half - T(0.5));
  return y + y;
}

template <class T>
Vector<T> expm1(const Vector<T>& x) {
  using C = Exponential<T>;
  const auto ordinary = x < std::numeric_limits<T>::infinity();
  const auto y = expm1_within(at_most(C::highest, at_least(C::expm1_lowest, choose(ordinary, x, T(0)))));
  return choose(ordinary && abs(x) >= C::tiny, y, x);
}

/// (p - 1) / (p + 1) for p = e^2x; p - 1 is expm1's, so that nothing cancels where x is small. Where tanh is
/// near 1 it is 1 - 2 / (p + 1), so that 1 - tanh(x)^2, its derivative, keeps its digits. All that is of |x|,
/// p - 1 among it, is at least +0.
template <class T>
Vector<T> tanh(const Vector<T>& x) {
  const auto size = at_most(Exponential<T>::tanh_highest, abs(x));
  const Split<T> split(size + size);
  const auto power = split.power();
  const auto less_one = fused<T>(power, split.expm1_of_r(), power - T(1));
  const auto is_small = size < T(0.5);
  const auto quotient = choose(is_small, less_one, T(2)) / (T(2) + less_one);
  return with_sign(choose(is_small, quotient, T(1) - quotient), x);
}

}  // namespace reel::cpu::REEL_VARIANT
