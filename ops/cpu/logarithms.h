#pragma once
#include <limits>

#include "exponentials.h"

/// log and log1p of vectors, after fdlibm: x = 2^k (1 + f), with s = f / (2 + f) and log(1 + f) = f - f^2/2 +
/// s (f^2/2 + s^2 c(s^2)).
namespace reel::cpu::REEL_VARIANT {

template <class T>
struct Logarithm;
template <>
struct Logarithm<float> {
  static constexpr float ln2_high = 0.693138123f, ln2_low = 9.05800061e-06f;
  static constexpr float c[] = {0.66666662693f, 0.40000972152f, 0.28498786688f, 0.24279078841f};
  static constexpr std::uint32_t one = 0x3f800000, root_of_half = 0x3f3504f3, mantissa = 0x7fffff;
  static constexpr int mantissa_bits = 23;
  /// A number whose lowest bits are an integer to add to it.
  static constexpr std::uint32_t integer = 0x4b000000;
  static constexpr float integer_offset = 0x1p23f + 127;
  static constexpr float tiny = 0x1p-25f;
};
template <>
struct Logarithm<double> {
  static constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
  static constexpr double c[] = {6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
                                 2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01,
                                 1.479819860511658591e-01};
  static constexpr std::uint64_t one = 0x3ff0000000000000, root_of_half = 0x3fe6a09e667f3bcd,
                                 mantissa = 0xfffffffffffff;
  static constexpr int mantissa_bits = 52;
  static constexpr std::uint64_t integer = 0x4330000000000000;
  static constexpr double integer_offset = 0x1p52 + 1023;
  static constexpr double tiny = 0x1p-54;
};

/// k and f of a positive normal number, with 1 + f between the roots of 1/2 and of 2.
template <class T>
struct Mantissa {
  using C = Logarithm<T>;
  Vector<T> k, f;

  explicit Mantissa(const Vector<T>& x) {
    const auto shifted = bits_of(x) + Bits<T>(C::one - C::root_of_half);
    k = from_bits<T>((shifted >> C::mantissa_bits) | Bits<T>(C::integer)) - C::integer_offset;
    f = from_bits<T>((shifted & Bits<T>(C::mantissa)) + Bits<T>(C::root_of_half)) - T(1);
  }
};

/// k ln 2 + log(1 + f) + correction
template <class T>
Vector<T> log_of(const Vector<T>& k, const Vector<T>& f, const Vector<T>& correction) {
  using C = Logarithm<T>;
  const auto s = f / (T(2) + f), s2 = s * s;
  const auto half_square = T(0.5) * f * f;
  const auto tail = fused<T>(k, C::ln2_low, correction);
  return fused<T>(k, C::ln2_high,
                  (fused<T>(s, fused<T>(s2, polynomial(s2, C::c), half_square), tail) - half_square) + f);
}

/// What log and log1p are of `x` (1 + x) outside the positive finite numbers.
template <class T>
Vector<T> with_special_logs(const Vector<T>& y, const Vector<T>& x) {
  constexpr T infinity = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  const auto beyond = choose(x == T(0), -infinity, choose(x < T(0), nan, x));
  return choose(x > T(0) && x < infinity, y, beyond);
}

template <class T>
Vector<T> log(const Vector<T>& x) {
  // Denormal numbers as normal ones.
  const auto small = abs(x) < std::numeric_limits<T>::min();
  const Mantissa<T> parts(x * choose(small, T(0x1p54), T(1)));
  return with_special_logs(log_of<T>(parts.k - choose(small, T(54), T(0)), parts.f, T(0)), x);
}

template <class T>
Vector<T> log1p(const Vector<T>& x) {
  // Where there is a special logarithm 0 stands in, of which nothing is infinite or NaN on the way.
  const auto is_ordinary = x > T(-1) && x < std::numeric_limits<T>::infinity();
  const auto z = choose(is_ordinary, x, T(0)), u = z + T(1);
  const Mantissa<T> parts(u);
  // What z + 1 lost, relative to it.
  const auto lost = choose(z < T(1), z - (u - T(1)), T(1) - (u - z)) / u;
  const auto near_zero = parts.k == T(0);
  const auto y = log_of<T>(parts.k, choose(near_zero, z, parts.f), choose(near_zero, T(0), lost));
  return choose(abs(x) < Logarithm<T>::tiny, x, with_special_logs(y, x + T(1)));
}

}  // namespace reel::cpu::REEL_VARIANT
