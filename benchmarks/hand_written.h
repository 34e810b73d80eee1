#pragma once
#include <vector>

#include "team.h"
#include "workload.h"

namespace benchmarks {

/// An LSTM layer as one would tune it by hand for the processor, in float32: what Reel is to match. The
/// product of the input is one for all steps, as are those of the weights' gradients; the gates are side by
/// side, in one product a step; the rest of a step is one vectorised pass. Threads share the rows of the
/// batch, which go through the steps without waiting for each other. Products are OpenBLAS's, which should be
/// set to one thread.
class HandWrittenLSTM {
 public:
  HandWrittenLSTM(const Workload& workload, int threads);

  /// Both from zeros. Neither allocates.
  void forward(const float* x);
  /// After forward(x).
  void backward(const float* x, const float* dy);

  std::vector<float> W, U, b;  // [input, 4 hidden], [hidden, 4 hidden], [4 hidden]
  std::vector<float> y;        // [time, batch, hidden]
  std::vector<float> dx;       // [time, batch, input]
  std::vector<float> W_gradient, U_gradient, b_gradient;

 private:
  void forward_rows(Team::Share rows);
  void backward_rows(Team::Share rows, const float* dy, float* b_gradient);

  std::int64_t batch_, input_, hidden_, time_;
  std::vector<float> gates_;  // [time, batch, 4 hidden]: x W, then the gates, then the adjoints of x W + h U
  std::vector<float> c_, tanh_c_;   // [time, batch, hidden]
  std::vector<float> zeros_;        // [batch, hidden]
  std::vector<float> dh_, dc_;      // [batch, hidden]
  std::vector<float> b_gradients_;  // [threads, 4 hidden]
  Team team_;
};

/// How fast OpenBLAS multiplies the matrices of a small LSTM step, in GFLOP/s: what its kernels are chosen
/// by.
double probe_products();

}  // namespace benchmarks
