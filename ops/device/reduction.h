#pragma once
// Stands in for reduction.h where reductions.h is compiled for another device: what joins values is wanted of
// it, so the derivatives, which nobody calls, record nothing.
#include <reel/map.h>

#if defined(__CUDACC_RTC__)
namespace std {
template <class A, class B>
inline constexpr bool is_same_v = false;
template <class A>
inline constexpr bool is_same_v<A, A> = true;
template <bool first, class A, class B>
struct conditional {
  using type = A;
};
template <class A, class B>
struct conditional<false, A, B> {
  using type = B;
};
template <bool first, class A, class B>
using conditional_t = typename conditional<first, A, B>::type;
/// As far as reductions ask.
template <class T>
struct numeric_limits {
  static constexpr bool has_infinity = !is_integral_v<T>;
  static constexpr T largest = T((1ull << (8 * sizeof(T) - 1)) - 1);
  static constexpr T max() { return largest; }
  static constexpr T lowest() { return -largest - 1; }
  static T infinity() { return T(__int_as_float(0x7f800000)); }
};
template <>
struct numeric_limits<float> {
  static constexpr bool has_infinity = true;
  static float lowest() { return -infinity(); }
  static float max() { return infinity(); }
  static float infinity() { return __int_as_float(0x7f800000); }
};
template <>
struct numeric_limits<double> {
  static constexpr bool has_infinity = true;
  static double lowest() { return -infinity(); }
  static double max() { return infinity(); }
  static double infinity() { return __int_as_float(0x7f800000); }
};
}  // namespace std
#else
#include <limits>
#include <type_traits>
#endif

namespace reel {

namespace reducing {
struct Axes {};
inline Axes axes_of(const Recorded&) { return {}; }
inline Tensor spread(const Tensor&, const Tensor&, const Axes&) { return {}; }
}  // namespace reducing

}  // namespace reel
