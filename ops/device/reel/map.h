#pragma once
// Stands in for <reel/map.h> where maps.h, or a user's own map, is compiled for another device: the functors
// are what is wanted of it. So tensors are empty, and the derivatives, which nobody calls, record nothing.
#include "map_list.h"

#if defined(__CUDACC_RTC__)
// No standard library: what functors need of it.
namespace std {
using ::abs;
using ::ceil;
using ::cos;
using ::erf;
using ::exp;
using ::expm1;
using ::floor;
using ::fmod;
using ::log;
using ::log1p;
using ::nearbyint;
using ::pow;
using ::sin;
using ::sqrt;
using ::tanh;
template <class T>
inline constexpr bool is_integral_v = T(1) / T(2) == T(0);
template <>
inline constexpr bool is_integral_v<bool> = true;
}  // namespace std
#else
#include <cmath>
#include <type_traits>
#endif

namespace reel {

enum class Accepts { floating, numbers, boolean, anything };
enum class LinearIn { no, first, each, together };
enum class ZeroTimes { as_numbers, first_absorbs, each_absorbs };

template <class T>
inline T choose(bool condition, T a, T b) {
  return condition ? a : b;
}

/// The infinity of a floating type.
template <class T>
inline T infinity_of() {
#if defined(__CUDACC_RTC__)
  return T(__int_as_float(0x7f800000));
#else
  return T(HUGE_VAL);
#endif
}

namespace maps {
using std::abs;
using std::ceil;
using std::cos;
using std::erf;
using std::exp;
using std::expm1;
using std::floor;
using std::fmod;
using std::log;
using std::log1p;
using std::nearbyint;
using std::pow;
using std::sin;
using std::sqrt;
using std::tanh;
}  // namespace maps

struct Tensor {
  Tensor() {}
  Tensor(double) {}
  Tensor shape() const { return {}; }
};
struct Recorded {
  operator Tensor() const { return {}; }
  Tensor operator[](int) const { return {}; }
};
struct Tensors {
  template <class... T>
  Tensors(const T&...) {}
};

// What derivative rules are written in: every map, the operators, and little else.
#define REEL_UNARY(function, F) \
  inline Tensor function(const Tensor&) { return {}; }
#define REEL_BINARY(function, F) \
  inline Tensor function(const Tensor&, const Tensor&) { return {}; }
REEL_MAPS(REEL_UNARY, REEL_BINARY)
REEL_UNARY(operator-, )
REEL_UNARY(operator!, )
REEL_UNARY(has_no_inverse, )
REEL_BINARY(operator+, )
REEL_BINARY(operator-, )
REEL_BINARY(operator*, )
REEL_BINARY(operator/, )
REEL_BINARY(operator==, )
REEL_BINARY(operator!=, )
REEL_BINARY(operator<, )
REEL_BINARY(operator<=, )
REEL_BINARY(operator>, )
REEL_BINARY(operator>=, )
REEL_BINARY(operator&&, )
REEL_BINARY(operator||, )
#undef REEL_UNARY
#undef REEL_BINARY
inline Tensor select(const Tensor&, const Tensor&, const Tensor&) { return {}; }

}  // namespace reel
