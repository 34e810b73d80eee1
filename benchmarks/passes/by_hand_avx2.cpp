#include "passes/by_hand.h"

#include <immintrin.h>

// Compiled for AVX2, and called where there is such.

#define ALWAYS_INLINE [[gnu::always_inline]] inline

namespace {

using Vector = __m256;
constexpr int lanes = 8;

ALWAYS_INLINE Vector all(float x) { return _mm256_set1_ps(x); }
ALWAYS_INLINE Vector load(const float* x) { return _mm256_loadu_ps(x); }
ALWAYS_INLINE void store(float* to, Vector x) { _mm256_storeu_ps(to, x); }
ALWAYS_INLINE Vector fused(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
ALWAYS_INLINE Vector least(Vector a, Vector b) { return _mm256_min_ps(a, b); }
ALWAYS_INLINE Vector greatest(Vector a, Vector b) { return _mm256_max_ps(a, b); }
/// 2^n of what holds n + 127 in its last bits.
ALWAYS_INLINE Vector power_of_two(Vector biased) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(biased), 23));
}
ALWAYS_INLINE float total(Vector x) {
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

}  // namespace

#include "passes/by_hand_passes.h"

namespace benchmarks {
extern const PassesByHand passes_avx2{lstm, lstm_reverse, layer_norm, layer_norm_reverse};
}
