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
/// 2^n of what holds n + 127 in its last bits.
ALWAYS_INLINE Vector power_of_two(Vector biased) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(biased), 23));
}
ALWAYS_INLINE float total(Vector x) { return _mm512_reduce_add_ps(x); }
}  // namespace

#include "passes/by_hand_passes.h"

namespace benchmarks {
extern const PassesByHand passes_avx512{lstm, lstm_reverse, layer_norm, layer_norm_reverse};
}
