#pragma once
// Stands in for <reel/map.h> where maps.h, or a user's own map, is compiled for another device: the functors
// are what is wanted of it. So tensors are empty, and the derivatives, which nobody calls, record nothing.
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
}  // namespace std
#else
#include <cmath>
#include <type_traits>
#endif

namespace reel {

enum class Accepts { floating, numbers, boolean, anything };
enum class LinearIn { no, first, each, together };
enum class Cost { cheap, expensive };

template <class T>
inline T choose(bool condition, T a, T b) {
  return condition ? a : b;
}

/// Of a floating type.
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
};
struct Recorded {
  operator Tensor() const { return {}; }
  Tensor operator[](int) const { return {}; }
};
struct Tensors {
  template <class... T>
  Tensors(const T&...) {}
};

// What derivative rules are written in.
#define REEL_EMPTY(name) \
  inline Tensor name(const Tensor&) { return {}; }
REEL_EMPTY(operator-)
REEL_EMPTY(operator!)
REEL_EMPTY(abs)
REEL_EMPTY(sign)
REEL_EMPTY(square)
REEL_EMPTY(sqrt)
REEL_EMPTY(exp)
REEL_EMPTY(log)
REEL_EMPTY(sin)
REEL_EMPTY(cos)
REEL_EMPTY(tanh)
REEL_EMPTY(sigmoid)
REEL_EMPTY(floor)
REEL_EMPTY(isfinite)
REEL_EMPTY(has_no_inverse)
#undef REEL_EMPTY
#define REEL_EMPTY(name) \
  inline Tensor name(const Tensor&, const Tensor&) { return {}; }
REEL_EMPTY(operator+)
REEL_EMPTY(operator-)
REEL_EMPTY(operator*)
REEL_EMPTY(operator/)
REEL_EMPTY(operator==)
REEL_EMPTY(operator!=)
REEL_EMPTY(operator<)
REEL_EMPTY(operator>)
REEL_EMPTY(operator&&)
REEL_EMPTY(operator||)
REEL_EMPTY(pow)
REEL_EMPTY(maximum)
REEL_EMPTY(minimum)
REEL_EMPTY(scaled_adjoint)
REEL_EMPTY(divided_adjoint)
REEL_EMPTY(absorbing_product)
#undef REEL_EMPTY
inline Tensor select(const Tensor&, const Tensor&, const Tensor&) { return {}; }

}  // namespace reel
