#include "peak.h"

#include "isa.h"
#include "timing.h"

// Compiled so that a multiplication and an addition become one instruction where there is such.

namespace benchmarks {

namespace {

constexpr int chains = 12, rounds = 100000;

/// Nothing of the chains grows without end, and no two are the same.
template <class V>
[[gnu::always_inline]] inline float multiply_and_add() {
  V sums[chains];
  const V factor = V{} + 0.5f, term = V{} + 1.0f;
#pragma GCC unroll 12
  for (int i = 0; i < chains; ++i) sums[i] = V{} + static_cast<float>(i);
  for (int round = 0; round < rounds; ++round)
#pragma GCC unroll 12
    for (int i = 0; i < chains; ++i) sums[i] = sums[i] * factor + term;
  V total = sums[0];
#pragma GCC unroll 12
  for (int i = 1; i < chains; ++i) total += sums[i];
  return total[0];
}

typedef float Narrow __attribute__((vector_size(16)));
typedef float Wide __attribute__((vector_size(32)));
typedef float Widest __attribute__((vector_size(64)));

float narrow() { return multiply_and_add<Narrow>(); }
#if defined(__x86_64__)
[[gnu::target("avx2,fma")]] float wide() { return multiply_and_add<Wide>(); }
[[gnu::target("avx512f,avx512vl,fma")]] float widest() { return multiply_and_add<Widest>(); }
#endif

double gflops(float (*run)(), int lanes) {
  volatile float kept = 0;
  const double ms = median_ms({2, 7, 7, 0}, [&] { kept = run(); });
  return 2e-6 * chains * rounds * lanes / ms;
}

}  // namespace

double peak_gflops() {
#if defined(__x86_64__)
  if (may_use_avx512()) return gflops(widest, 16);
  if (may_use_avx2()) return gflops(wide, 8);
#endif
  return gflops(narrow, 4);
}

}  // namespace benchmarks
