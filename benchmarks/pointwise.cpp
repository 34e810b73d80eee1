#include "pointwise.h"

#include <cmath>
#include <cstring>

#include "isa.h"

// Compiled with optimisation whatever the build, and three times over: for any machine, AVX2 and AVX-512. The
// loops have no branches and no aliases, so the compiler turns them into vector instructions.
#define ALWAYS_INLINE [[gnu::always_inline]] inline
#if defined(__clang__)
#define VECTORISED _Pragma("clang loop vectorize(assume_safety)")
#define WIDE ""
#else
#define VECTORISED _Pragma("GCC ivdep")
#define WIDE ",prefer-vector-width=512"
#endif

namespace benchmarks {

namespace {

/// exp(x) = scale * (1 + part), where the part is expm1 of what lies within log(2) / 2 of zero.
struct Exponential {
  float scale, part;
};

/// For x in [-87, 88].
ALWAYS_INLINE Exponential exponential(float x) {
  // Added to a small number, this leaves in the last bits the nearest integer.
  constexpr float shift = 12582912;  // 1.5 * 2^23
  const float shifted = x * 1.44269504f + shift, n = shifted - shift;
  // x - n log(2), its logarithm in two parts so that the product with the first is exact.
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  std::int32_t bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = static_cast<std::int32_t>((static_cast<std::uint32_t>(bits) << 23) + (127u << 23));  // 2^n
  float scale;
  std::memcpy(&scale, &bits, sizeof scale);
  // Taylor's series; what is left out is below 2e-8 of the value.
  const float tail =
      1 / 2.f + r * (1 / 6.f + r * (1 / 24.f + r * (1 / 120.f + r * (1 / 720.f + r * (1 / 5040.f)))));
  return {scale, r + r * r * tail};
}

// Both within 2.5 units in the last place of the right value, for any finite x above -87.
ALWAYS_INLINE float sigmoid(float x) {
  float negative = -x;
  negative = negative < 88 ? negative : 88;
  negative = negative > -87 ? negative : -87;
  const auto e = exponential(negative);
  return 1 / (1 + e.scale + e.scale * e.part);
}

/// expm1(2|x|) / (expm1(2|x|) + 2), which is exact near zero too, with the sign of x.
ALWAYS_INLINE float tanh(float x) {
  float twice = 2 * std::fabs(x);
  twice = twice < 40 ? twice : 40;
  const auto e = exponential(twice);
  const float expm1 = e.scale * e.part + (e.scale - 1);
  return std::copysign(expm1 / (expm1 + 2), x);
}

ALWAYS_INLINE void forward(const ForwardStep& s) {
  const auto H = s.hidden;
  for (std::int64_t row = 0; row < s.rows; ++row) {
    float *i = s.gates + row * 4 * H, *f = i + H, *g = f + H, *o = g + H;
    const float *bi = s.bias, *bf = bi + H, *bg = bf + H, *bo = bg + H, *c_before = s.c_before + row * H;
    float *c = s.c + row * H, *tanh_c = s.tanh_c + row * H, *h = s.h + row * H;
    VECTORISED
    for (std::int64_t j = 0; j < H; ++j) {
      const float input = sigmoid(i[j] + bi[j]), forget = sigmoid(f[j] + bf[j]);
      const float candidate = tanh(g[j] + bg[j]), output = sigmoid(o[j] + bo[j]);
      const float memory = forget * c_before[j] + input * candidate, bounded = tanh(memory);
      i[j] = input;
      f[j] = forget;
      g[j] = candidate;
      o[j] = output;
      c[j] = memory;
      tanh_c[j] = bounded;
      h[j] = output * bounded;
    }
  }
}

ALWAYS_INLINE void backward(const BackwardStep& s) {
  const auto H = s.hidden;
  for (std::int64_t row = 0; row < s.rows; ++row) {
    float *i = s.gates + row * 4 * H, *f = i + H, *g = f + H, *o = g + H, *dc = s.dc + row * H;
    float *bi = s.bias_gradient, *bf = bi + H, *bg = bf + H, *bo = bg + H;
    const float *dy = s.dy + row * H, *dh = s.dh + row * H, *c_before = s.c_before + row * H;
    const float* tanh_c = s.tanh_c + row * H;
    VECTORISED
    for (std::int64_t j = 0; j < H; ++j) {
      const float input = i[j], forget = f[j], candidate = g[j], output = o[j], bounded = tanh_c[j];
      const float dhidden = dy[j] + dh[j];
      const float dmemory = dc[j] + dhidden * output * (1 - bounded * bounded);
      const float di = dmemory * candidate * input * (1 - input);
      const float df = dmemory * c_before[j] * forget * (1 - forget);
      const float dg = dmemory * input * (1 - candidate * candidate);
      const float d_o = dhidden * bounded * output * (1 - output);
      dc[j] = dmemory * forget;
      i[j] = di;
      f[j] = df;
      g[j] = dg;
      o[j] = d_o;
      bi[j] += di;
      bf[j] += df;
      bg[j] += dg;
      bo[j] += d_o;
    }
  }
}

#define FOR_MACHINE(suffix, machine)                                  \
  machine void forward_##suffix(const ForwardStep& s) { forward(s); } \
  machine void backward_##suffix(const BackwardStep& s) { backward(s); }

FOR_MACHINE(any, )
#if defined(__x86_64__)
FOR_MACHINE(avx2, [[gnu::target("avx2,fma")]])
FOR_MACHINE(avx512, [[gnu::target("avx2,fma,avx512f,avx512dq,avx512vl" WIDE)]])
const bool has_avx2 = may_use_avx2(), has_avx512 = may_use_avx512();
#define ON_THIS_MACHINE(function) \
  (has_avx512 ? function##_avx512 : has_avx2 ? function##_avx2 : function##_any)
#else
#define ON_THIS_MACHINE(function) function##_any
#endif

}  // namespace

void forward_step(const ForwardStep& step) { ON_THIS_MACHINE(forward)(step); }
void backward_step(const BackwardStep& step) { ON_THIS_MACHINE(backward)(step); }

}  // namespace benchmarks
