#pragma once
#include <cstdint>

/// Passes of an LSTM and of a layer-normalised one, without their products, as one would write them by hand
/// with intrinsics: every value in registers from where it is read to where it is written. Sigmoid and tanh
/// stop short of infinity and of the smallest numbers.
namespace benchmarks {

/// A step of so many rows of so many units, a multiple of the lanes. What is null is not written.
struct LSTMPass {
  std::int64_t rows, hidden;
  const float *x, *u,
      *bias;              // [rows, 4 hidden] twice, [4 hidden]: the gates before their functions, added up
  const float* c_before;  // [rows, hidden]
  float *h, *c;           // [rows, hidden]
  float *gates, *tanh_c;  // [rows, 4 hidden], [rows, hidden]: what the reverse pass reads, beside c_before
  const float *dy, *dh;   // [rows, hidden]: of the output, and of h by the step behind
  float *dc, *dx;         // [rows, hidden]: behind the step, then before it; [rows, 4 hidden]
};

/// The gates are those of norm(a) scale_a + norm(u) scale_u + bias.
struct LayerNormPass {
  std::int64_t rows, hidden;
  const float *a, *u;                        // [rows, 4 hidden]
  const float *scale_a, *scale_u, *bias;     // [4 hidden]
  const float *scale_c, *bias_c, *c_before;  // [hidden], [hidden], [rows, hidden]
  float *h, *c;                              // [rows, hidden]
  float *normal_a, *normal_u, *gates;        // [rows, 4 hidden]: what the reverse pass reads, as are
  float *normal_c, *tanh_c, *deviations;     // [rows, hidden] twice, and [rows, 3]: 1 / standard deviation
  const float *dy, *dh;                      // [rows, hidden]
  float *dz, *dc;  // [4 hidden] to work in; [rows, hidden]: behind the step, then before
  float *da, *du;  // [rows, 4 hidden]
};

/// The passes in an instruction set.
struct PassesByHand {
  void (*lstm)(const LSTMPass&);
  void (*lstm_reverse)(const LSTMPass&);
  void (*layer_norm)(const LayerNormPass&);
  void (*layer_norm_reverse)(const LayerNormPass&);
};

extern const PassesByHand passes_avx2, passes_avx512;

}  // namespace benchmarks
