#pragma once
#include <cstdint>

namespace benchmarks {

/// One step of an LSTM after its matrix products, for some rows of the batch, one pass over the memory. The
/// gates stand side by side in a row of 4 hidden: input, forget, candidate, output.
struct ForwardStep {
  std::int64_t rows, hidden;
  const float* bias;      // [4 hidden]
  const float* c_before;  // [rows, hidden]
  float* gates;           // [rows, 4 hidden]: x W + h U, then the values of the gates
  float *c, *tanh_c, *h;  // [rows, hidden]
};
void forward_step(const ForwardStep& step);

/// Its derivative.
struct BackwardStep {
  std::int64_t rows, hidden;
  const float *dy, *dh;            // [rows, hidden]: adjoints of h, from outside and from the step after
  const float *c_before, *tanh_c;  // [rows, hidden]
  float* dc;                       // [rows, hidden]: the adjoint of c, then that of c_before
  float* gates;          // [rows, 4 hidden]: the values of the gates, then the adjoints of x W + h U
  float* bias_gradient;  // [4 hidden]: added to
};
void backward_step(const BackwardStep& step);

}  // namespace benchmarks
