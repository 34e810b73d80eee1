#include "passes/by_hand.h"

#include <immintrin.h>

// Compiled for AVX-512, and called where there is such.

#define ALWAYS_INLINE [[gnu::always_inline]] inline

namespace {

using Vector = __m512;
constexpr int lanes = 16;

ALWAYS_INLINE Vector all(float x) { return _mm512_set1_ps(x); }
ALWAYS_INLINE Vector load(const float* x) { return _mm512_loadu_ps(x); }
ALWAYS_INLINE void store(float* to, Vector x) { _mm512_storeu_ps(to, x); }
ALWAYS_INLINE Vector fused(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
ALWAYS_INLINE Vector least(Vector a, Vector b) { return _mm512_min_ps(a, b); }
ALWAYS_INLINE Vector greatest(Vector a, Vector b) { return _mm512_max_ps(a, b); }
ALWAYS_INLINE Vector without_sign(Vector x) { return _mm512_andnot_ps(all(-0.f), x); }
ALWAYS_INLINE Vector with_sign_of(Vector size, Vector x) {
  return _mm512_or_ps(size, _mm512_and_ps(all(-0.f), x));
}
/// Of a whole number that the lowest bits of `shifted` hold.
ALWAYS_INLINE Vector power_of_two(Vector shifted) {
  const auto bits = _mm512_add_epi32(_mm512_castps_si512(shifted), _mm512_set1_epi32(127));
  return _mm512_castsi512_ps(_mm512_slli_epi32(bits, 23));
}
ALWAYS_INLINE float total(Vector x) { return _mm512_reduce_add_ps(x); }
}  // namespace

#include "passes/by_hand_passes.h"

namespace benchmarks {
extern const PassesByHand passes_avx512{lstm, lstm_reverse, layer_norm, layer_norm_reverse};
}
