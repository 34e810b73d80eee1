#pragma once
#if defined(REEL_VARIANT_recorded)
#include "recorded/vector.h"
#else
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <xsimd/xsimd.hpp>

/// As many floats or doubles as the instruction set takes at once, with the operators of one. A functor's
/// text serves for both: its unqualified calls of exp, choose and their like find the functions beside Vector
/// in vector_math.h. xsimd's own exp, tanh, erf and != do not keep what Reel promises, so its batches stay
/// inside.
namespace reel::cpu::REEL_VARIANT {

template <class T>
struct Vector {
  using Batch = xsimd::batch<T>;
  static constexpr std::int64_t size = Batch::size;

  Batch lanes;

  Vector() = default;
  Vector(const Batch& batch) : lanes(batch) {}
  template <class Number, class = std::enable_if_t<std::is_arithmetic_v<Number> > >
  Vector(Number number) : lanes(static_cast<T>(number)) {}

  static Vector load(const T* from) { return Batch::load_unaligned(from); }
  void store(T* to) const { lanes.store_unaligned(to); }
};

/// |x|, which knows x.
template <class T>
struct Magnitude : Vector<T> {
  Vector<T> of;
};

/// What is at most 0 or NaN, such as -|x|: some functions of it take less.
template <class T>
struct NeverPositive : Vector<T> {};

template <class T>
struct Mask {
  xsimd::batch_bool<T> lanes;
};

/// The bits of the lanes as numbers.
template <class T>
using Bits = xsimd::batch<std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t> >;

/// xsimd 8 names the batch, later ones its element.
template <class To, class From>
To same_bits(const From& batch) {
#if XSIMD_VERSION_MAJOR > 8
  return xsimd::bitwise_cast<typename To::value_type>(batch);
#else
  return xsimd::bitwise_cast<To>(batch);
#endif
}
template <class T>
Bits<T> bits_of(const Vector<T>& x) {
  return same_bits<Bits<T> >(x.lanes);
}
/// T cannot be deduced from its bits.
template <class T>
Vector<T> from_bits(const Bits<T>& bits) {
  return same_bits<xsimd::batch<T> >(bits);
}

// The operands of operators convert from numbers only where they are no templates.
#define REEL_OPERATOR(T, op) \
  inline Vector<T> operator op(const Vector<T>& a, const Vector<T>& b) { return a.lanes op b.lanes; }
// Beside NaN they are false and raise no exception, as AVX's are; those of other instruction sets would.
#if defined(__AVX__)
#define REEL_COMPARISON(T, op) \
  inline Mask<T> operator op(const Vector<T>& a, const Vector<T>& b) { return {a.lanes op b.lanes}; }
#else
#define REEL_COMPARISON(T, op)                                                                           \
  inline Mask<T> operator op(const Vector<T>& a, const Vector<T>& b) {                                   \
    const auto ordered = (a.lanes == a.lanes) & (b.lanes == b.lanes);                                    \
    const xsimd::batch<T> zero(T(0));                                                                    \
    return {(xsimd::select(ordered, a.lanes, zero) op xsimd::select(ordered, b.lanes, zero)) & ordered}; \
  }
#endif
#define REEL_OPERATORS(T)                                                                               \
  REEL_OPERATOR(T, +)                                                                                   \
  REEL_OPERATOR(T, -)                                                                                   \
  REEL_OPERATOR(T, *)                                                                                   \
  REEL_OPERATOR(T, /)                                                                                   \
  REEL_COMPARISON(T, <)                                                                                 \
  REEL_COMPARISON(T, <=)                                                                                \
  REEL_COMPARISON(T, >)                                                                                 \
  REEL_COMPARISON(T, >=)                                                                                \
  inline Mask<T> operator==(const Vector<T>& a, const Vector<T>& b) { return {a.lanes == b.lanes}; }    \
  /* True beside NaN, which xsimd 8's own is not. */                                                    \
  inline Mask<T> operator!=(const Vector<T>& a, const Vector<T>& b) { return {~(a.lanes == b.lanes)}; } \
  inline Vector<T> operator-(const Vector<T>& a) { return a.lanes ^ xsimd::batch<T>(T(-0.0)); }         \
  inline Mask<T> operator&&(const Mask<T>& a, const Mask<T>& b) { return {a.lanes & b.lanes}; }         \
  inline Mask<T> operator||(const Mask<T>& a, const Mask<T>& b) { return {a.lanes | b.lanes}; }         \
  /* For AVX-512 xsimd 8's exclusive or of masks is an or. */                                           \
  inline Mask<T> operator!=(const Mask<T>& a, const Mask<T>& b) {                                       \
    return {(a.lanes & ~b.lanes) | (b.lanes & ~a.lanes)};                                               \
  }                                                                                                     \
  inline Mask<T> operator!(const Mask<T>& a) { return {~a.lanes}; }                                     \
  inline Vector<T> choose(const Mask<T>& condition, const Vector<T>& a, const Vector<T>& b) {           \
    return xsimd::select(condition.lanes, a.lanes, b.lanes);                                            \
  }                                                                                                     \
  inline bool any(const Mask<T>& mask) { return xsimd::any(mask.lanes); }                               \
  inline Magnitude<T> abs(const Vector<T>& x) { return {xsimd::abs(x.lanes), x}; }                      \
  inline NeverPositive<T> operator-(const Magnitude<T>& x) {                                            \
    return {x.of.lanes | xsimd::batch<T>(T(-0.0))};                                                     \
  }                                                                                                     \
  inline Vector<T> sqrt(const Vector<T>& x) { return xsimd::sqrt(x.lanes); }
REEL_OPERATORS(float)
REEL_OPERATORS(double)
#undef REEL_OPERATORS
#undef REEL_COMPARISON
#undef REEL_OPERATOR

/// The smaller one; `x` where it is NaN, of which instructions for minimum and maximum raise an exception
/// unless it is suppressed.
template <class T>
Vector<T> at_most(T limit, const Vector<T>& x) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    return xsimd::batch<T>(_mm512_min_round_ps(_mm512_set1_ps(limit), x.lanes, _MM_FROUND_NO_EXC));
  else
    return xsimd::batch<T>(_mm512_min_round_pd(_mm512_set1_pd(limit), x.lanes, _MM_FROUND_NO_EXC));
#else
  return choose(x > Vector<T>(limit), Vector<T>(limit), x);
#endif
}
template <class T>
Vector<T> at_least(T limit, const Vector<T>& x) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    return xsimd::batch<T>(_mm512_max_round_ps(_mm512_set1_ps(limit), x.lanes, _MM_FROUND_NO_EXC));
  else
    return xsimd::batch<T>(_mm512_max_round_pd(_mm512_set1_pd(limit), x.lanes, _MM_FROUND_NO_EXC));
#else
  return choose(x < Vector<T>(limit), Vector<T>(limit), x);
#endif
}

/// x, whose sign bit is clear, with the sign of `sign`.
template <class T>
Vector<T> with_sign(const Vector<T>& x, const Vector<T>& sign) {
  return x.lanes | (sign.lanes & xsimd::batch<T>(T(-0.0)));
}
/// |x| with the sign of `sign`.
template <class T>
Vector<T> copy_sign(const Vector<T>& x, const Vector<T>& sign) {
  return with_sign<T>(abs(x), sign);
}

/// a * b + c, rounded once where the instruction set can.
template <class T>
Vector<T> fused(const Vector<T>& a, const Vector<T>& b, const Vector<T>& c) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    return xsimd::batch<T>(_mm512_fmadd_ps(a.lanes, b.lanes, c.lanes));
  else
    return xsimd::batch<T>(_mm512_fmadd_pd(a.lanes, b.lanes, c.lanes));
#else
  return xsimd::fma(a.lanes, b.lanes, c.lanes);
#endif
}

/// Whether there is an instruction for x 2^n, whole n.
constexpr bool has_scale() {
#if defined(__AVX512F__)
  return true;
#else
  return false;
#endif
}
/// That one. Of infinity it would raise an exception too, unless it is suppressed.
template <class T>
Vector<T> scaled(const Vector<T>& x, [[maybe_unused]] const Vector<T>& n) {
#if defined(__AVX512F__)
  constexpr int quietly = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  if constexpr (sizeof(T) == 4)
    return xsimd::batch<T>(_mm512_scalef_round_ps(x.lanes, n.lanes, quietly));
  else
    return xsimd::batch<T>(_mm512_scalef_round_pd(x.lanes, n.lanes, quietly));
#else
  return x;
#endif
}

/// c[0] + c[1] x + c[2] x^2 + ...
template <class T, int count>
Vector<T> polynomial(const Vector<T>& x, const T (&c)[count]) {
  Vector<T> sum = c[count - 1];
  for (int i = count - 2; i >= 0; --i) sum = fused<T>(sum, x, c[i]);
  return sum;
}

/// Calls `f` with a lane at a time.
template <class F, class T>
Vector<T> by_lane(F&& f, const Vector<T>& x) {
  T lanes[Vector<T>::size];
  x.store(lanes);
  for (auto& lane : lanes) lane = f(lane);
  return Vector<T>::load(lanes);
}
template <class F, class T>
Vector<T> by_lane(F&& f, const Vector<T>& a, const Vector<T>& b) {
  T lanes[Vector<T>::size], others[Vector<T>::size];
  a.store(lanes);
  b.store(others);
  for (std::int64_t i = 0; i < Vector<T>::size; ++i) lanes[i] = f(lanes[i], others[i]);
  return Vector<T>::load(lanes);
}

/// Numbers as doubles.
inline Vector<double> load_doubles(const double* from) { return Vector<double>::load(from); }
inline Vector<double> load_doubles(const float* from) {
#if defined(__AVX512F__)
  return xsimd::batch<double>(_mm512_cvtps_pd(_mm256_loadu_ps(from)));
#elif defined(__AVX__)
  return xsimd::batch<double>(_mm256_cvtps_pd(_mm_loadu_ps(from)));
#else
  double wide[Vector<double>::size];
  for (std::int64_t i = 0; i < Vector<double>::size; ++i) wide[i] = from[i];
  return Vector<double>::load(wide);
#endif
}
inline void store_rounded(const Vector<double>& x, float* to) {
#if defined(__AVX512F__)
  _mm256_storeu_ps(to, _mm512_cvtpd_ps(x.lanes));
#elif defined(__AVX__)
  _mm_storeu_ps(to, _mm256_cvtpd_ps(x.lanes));
#else
  double wide[Vector<double>::size];
  x.store(wide);
  for (std::int64_t i = 0; i < Vector<double>::size; ++i) to[i] = static_cast<float>(wide[i]);
#endif
}

/// Calls `f` with each half of the lanes as doubles, and rounds what it returns.
template <class F>
Vector<float> as_doubles(F&& f, const Vector<float>& x) {
  float lanes[Vector<float>::size];
  x.store(lanes);
  for (std::int64_t i = 0; i < Vector<float>::size; i += Vector<double>::size)
    store_rounded(f(load_doubles(lanes + i)), lanes + i);
  return Vector<float>::load(lanes);
}

/// The first `count` lanes, fewer than all of them, from and to memory that ends there. The others repeat the
/// first, so that nothing becomes of them that does not become of an element.
template <class T>
Vector<T> load_some(const T* from, std::int64_t count) {
#if defined(__AVX512F__)
  const Vector<T> first(*from);
  if constexpr (sizeof(T) == 4)
    return xsimd::batch<T>(
        _mm512_mask_loadu_ps(first.lanes, static_cast<__mmask16>((1u << count) - 1), from));
  else
    return xsimd::batch<T>(_mm512_mask_loadu_pd(first.lanes, static_cast<__mmask8>((1u << count) - 1), from));
#else
  T lanes[Vector<T>::size];
  for (auto& lane : lanes) lane = *from;
  std::memcpy(lanes, from, static_cast<std::size_t>(count) * sizeof(T));
  return Vector<T>::load(lanes);
#endif
}
template <class T>
void store_some(const Vector<T>& x, T* to, std::int64_t count) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << count) - 1), x.lanes);
  else
    _mm512_mask_storeu_pd(to, static_cast<__mmask8>((1u << count) - 1), x.lanes);
#else
  T lanes[Vector<T>::size];
  x.store(lanes);
  std::memcpy(to, lanes, static_cast<std::size_t>(count) * sizeof(T));
#endif
}

}  // namespace reel::cpu::REEL_VARIANT
#endif
