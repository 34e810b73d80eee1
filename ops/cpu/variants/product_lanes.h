#pragma once
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/// Vectors of the instruction set of the variant, as the matrix product needs them. `registers` is how many
/// there are; with `has_masks` some first lanes are stored as fast as all of them. Where only some are loaded
/// the others are 0, or those of `rest`.
///
/// In an unnamed namespace, so that no variant's functions are taken for those of another.
namespace {

#if defined(REEL_VARIANT_avx512)

struct FloatLanes {
  using Element = float;
  using Vector = __m512;
  static constexpr int count = 16, registers = 32;
  static constexpr bool has_masks = true;
  static Vector zero() { return _mm512_setzero_ps(); }
  static Vector broadcast(float x) { return _mm512_set1_ps(x); }
  static Vector load(const float* x) { return _mm512_loadu_ps(x); }
  static void store(float* x, Vector v) { _mm512_storeu_ps(x, v); }
  static Vector add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
  static Vector multiply_add(Vector a, Vector b, Vector sum) { return _mm512_fmadd_ps(a, b, sum); }
  static __mmask16 first(int lanes) { return static_cast<__mmask16>((1u << lanes) - 1); }
  static Vector load(const float* x, int lanes) { return _mm512_maskz_loadu_ps(first(lanes), x); }
  static Vector load(const float* x, int lanes, Vector rest) {
    return _mm512_mask_loadu_ps(rest, first(lanes), x);
  }
  static void store(float* x, Vector v, int lanes) { _mm512_mask_storeu_ps(x, first(lanes), v); }
};

struct DoubleLanes {
  using Element = double;
  using Vector = __m512d;
  static constexpr int count = 8, registers = 32;
  static constexpr bool has_masks = true;
  static Vector zero() { return _mm512_setzero_pd(); }
  static Vector broadcast(double x) { return _mm512_set1_pd(x); }
  static Vector load(const double* x) { return _mm512_loadu_pd(x); }
  static void store(double* x, Vector v) { _mm512_storeu_pd(x, v); }
  static Vector add(Vector a, Vector b) { return _mm512_add_pd(a, b); }
  static Vector multiply_add(Vector a, Vector b, Vector sum) { return _mm512_fmadd_pd(a, b, sum); }
  static __mmask8 first(int lanes) { return static_cast<__mmask8>((1u << lanes) - 1); }
  static Vector load(const double* x, int lanes) { return _mm512_maskz_loadu_pd(first(lanes), x); }
  static Vector load(const double* x, int lanes, Vector rest) {
    return _mm512_mask_loadu_pd(rest, first(lanes), x);
  }
  static void store(double* x, Vector v, int lanes) { _mm512_mask_storeu_pd(x, first(lanes), v); }
};

#elif defined(REEL_VARIANT_avx2)

struct FloatLanes {
  using Element = float;
  using Vector = __m256;
  static constexpr int count = 8, registers = 16;
  static constexpr bool has_masks = false;
  static Vector zero() { return _mm256_setzero_ps(); }
  static Vector broadcast(float x) { return _mm256_set1_ps(x); }
  static Vector load(const float* x) { return _mm256_loadu_ps(x); }
  static void store(float* x, Vector v) { _mm256_storeu_ps(x, v); }
  static Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
  static Vector multiply_add(Vector a, Vector b, Vector sum) { return _mm256_fmadd_ps(a, b, sum); }
  static __m256i first(int lanes) {
    const __m256i number = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes), number);
  }
  static Vector load(const float* x, int lanes) { return _mm256_maskload_ps(x, first(lanes)); }
  static Vector load(const float* x, int lanes, Vector rest) {
    return _mm256_blendv_ps(rest, load(x, lanes), _mm256_castsi256_ps(first(lanes)));
  }
  // In pieces: a masked store takes many cycles on AMD's processors.
  static void store(float* x, Vector v, int lanes) {
    if (lanes >= count) return store(x, v);
    __m128 rest = _mm256_castps256_ps128(v);
    if (lanes & 4) {
      _mm_storeu_ps(x, rest);
      rest = _mm256_extractf128_ps(v, 1);
      x += 4;
    }
    if (lanes & 2) {
      _mm_storel_pi(reinterpret_cast<__m64*>(x), rest);
      rest = _mm_movehl_ps(rest, rest);
      x += 2;
    }
    if (lanes & 1) _mm_store_ss(x, rest);
  }
};

struct DoubleLanes {
  using Element = double;
  using Vector = __m256d;
  static constexpr int count = 4, registers = 16;
  static constexpr bool has_masks = false;
  static Vector zero() { return _mm256_setzero_pd(); }
  static Vector broadcast(double x) { return _mm256_set1_pd(x); }
  static Vector load(const double* x) { return _mm256_loadu_pd(x); }
  static void store(double* x, Vector v) { _mm256_storeu_pd(x, v); }
  static Vector add(Vector a, Vector b) { return _mm256_add_pd(a, b); }
  static Vector multiply_add(Vector a, Vector b, Vector sum) { return _mm256_fmadd_pd(a, b, sum); }
  static __m256i first(int lanes) {
    const __m256i number = _mm256_setr_epi64x(0, 1, 2, 3);
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(lanes), number);
  }
  static Vector load(const double* x, int lanes) { return _mm256_maskload_pd(x, first(lanes)); }
  static Vector load(const double* x, int lanes, Vector rest) {
    return _mm256_blendv_pd(rest, load(x, lanes), _mm256_castsi256_pd(first(lanes)));
  }
  static void store(double* x, Vector v, int lanes) {
    if (lanes >= count) return store(x, v);
    __m128d rest = _mm256_castpd256_pd128(v);
    if (lanes & 2) {
      _mm_storeu_pd(x, rest);
      rest = _mm256_extractf128_pd(v, 1);
      x += 2;
    }
    if (lanes & 1) _mm_store_sd(x, rest);
  }
};

#else

/// Four floats or two doubles, by the compiler's own vectors: SSE2, NEON and whatever else there is.
template <class T>
struct PlainLanes {
  using Element = T;
  typedef T Vector __attribute__((vector_size(16)));
  static constexpr int count = 16 / sizeof(T), registers = 16;
  static constexpr bool has_masks = false;
  static Vector zero() { return Vector{}; }
  static Vector broadcast(T x) { return x - Vector{}; }
  static Vector load(const T* x) {
    Vector v;
    __builtin_memcpy(&v, x, sizeof v);
    return v;
  }
  static void store(T* x, Vector v) { __builtin_memcpy(x, &v, sizeof v); }
  static Vector add(Vector a, Vector b) { return a + b; }
  static Vector multiply_add(Vector a, Vector b, Vector sum) { return sum + a * b; }
  static Vector load(const T* x, int lanes) { return load(x, lanes, zero()); }
  static Vector load(const T* x, int lanes, Vector rest) {
    Vector v = rest;
    for (int i = 0; i < count; ++i)
      if (i < lanes) v[i] = x[i];
    return v;
  }
  static void store(T* x, Vector v, int lanes) {
    for (int i = 0; i < count; ++i)
      if (i < lanes) x[i] = v[i];
  }
};
using FloatLanes = PlainLanes<float>;
using DoubleLanes = PlainLanes<double>;

#endif

}  // namespace
