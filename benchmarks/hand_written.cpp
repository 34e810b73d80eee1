#include "hand_written.h"

#include <cblas.h>

#include <algorithm>

#include "pointwise.h"
#include "timing.h"

namespace benchmarks {

namespace {

struct Matrix {
  const float* data;
  std::int64_t stride;  // from row to row
  bool transposed = false;
};

Matrix transpose(Matrix m) { return {m.data, m.stride, !m.transposed}; }

/// c [rows, columns] = a [rows, inner] b [inner, columns] + beta c
void multiply(std::int64_t rows, std::int64_t columns, std::int64_t inner, Matrix a, Matrix b, float beta,
              float* c, std::int64_t c_stride) {
  const auto transposition = [](Matrix m) { return m.transposed ? CblasTrans : CblasNoTrans; };
  const auto i = [](std::int64_t n) { return static_cast<int>(n); };
  if (rows == 1)
    cblas_sgemv(CblasRowMajor, b.transposed ? CblasNoTrans : CblasTrans, i(b.transposed ? columns : inner),
                i(b.transposed ? inner : columns), 1, b.data, i(b.stride), a.data,
                a.transposed ? i(a.stride) : 1, beta, c, 1);
  else if (rows > 0)
    cblas_sgemm(CblasRowMajor, transposition(a), transposition(b), i(rows), i(columns), i(inner), 1, a.data,
                i(a.stride), b.data, i(b.stride), beta, c, i(c_stride));
}

}  // namespace

HandWrittenLSTM::HandWrittenLSTM(const Workload& w, int threads)
    : W(w.input * 4 * w.hidden),
      U(w.hidden * 4 * w.hidden),
      b(4 * w.hidden),
      y(w.time * w.batch * w.hidden),
      dx(w.time * w.batch * w.input),
      W_gradient(W.size()),
      U_gradient(U.size()),
      b_gradient(b.size()),
      batch_(w.batch),
      input_(w.input),
      hidden_(w.hidden),
      time_(w.time),
      gates_(4 * y.size()),
      c_(y.size()),
      tanh_c_(y.size()),
      zeros_(w.batch * w.hidden),
      dh_(zeros_.size()),
      dc_(zeros_.size()),
      b_gradients_(threads * b.size()),
      team_(threads) {}

void HandWrittenLSTM::forward(const float* x) {
  const auto G = 4 * hidden_;
  team_.run([&](int rank) {
    const auto rows = team_.share(time_ * batch_, rank);
    multiply(rows.size(), G, input_, {x + rows.first * input_, input_}, {W.data(), G}, 0,
             gates_.data() + rows.first * G, G);
  });
  team_.run([&](int rank) { forward_rows(team_.share(batch_, rank)); });
}

void HandWrittenLSTM::forward_rows(Team::Share rows) {
  const auto H = hidden_, G = 4 * H;
  const float *h = nullptr, *c = zeros_.data() + rows.first * H;
  for (std::int64_t t = 0; t < time_; ++t) {
    const auto row = t * batch_ + rows.first;
    float* gates = gates_.data() + row * G;
    if (h) multiply(rows.size(), G, H, {h, H}, {U.data(), G}, 1, gates, G);
    forward_step({rows.size(), H, b.data(), c, gates, c_.data() + row * H, tanh_c_.data() + row * H,
                  y.data() + row * H});
    c = c_.data() + row * H;
    h = y.data() + row * H;
  }
}

void HandWrittenLSTM::backward(const float* x, const float* dy) {
  const auto H = hidden_, G = 4 * H, rows = time_ * batch_;
  team_.run([&](int rank) {
    float* gradient = b_gradients_.data() + rank * G;
    std::fill_n(gradient, G, 0.f);
    backward_rows(team_.share(batch_, rank), dy, gradient);
  });
  std::copy_n(b_gradients_.data(), G, b_gradient.data());
  for (int rank = 1; rank < team_.size(); ++rank)
    for (std::int64_t j = 0; j < G; ++j) b_gradient[j] += b_gradients_[rank * G + j];

  team_.run([&](int rank) {
    const auto columns = team_.share(G, rank), mine = team_.share(rows, rank);
    const Matrix adjoints{gates_.data() + columns.first, G};
    multiply(input_, columns.size(), rows, transpose({x, input_}), adjoints, 0,
             W_gradient.data() + columns.first, G);
    // Each h meets the adjoint of the step after it.
    multiply(H, columns.size(), rows - batch_, transpose({y.data(), H}), {adjoints.data + batch_ * G, G}, 0,
             U_gradient.data() + columns.first, G);
    multiply(mine.size(), input_, G, {gates_.data() + mine.first * G, G}, transpose({W.data(), G}), 0,
             dx.data() + mine.first * input_, input_);
  });
}

void HandWrittenLSTM::backward_rows(Team::Share rows, const float* dy, float* b_gradient) {
  const auto H = hidden_, G = 4 * H;
  float *dh = dh_.data() + rows.first * H, *dc = dc_.data() + rows.first * H;
  std::fill_n(dh, rows.size() * H, 0.f);
  std::fill_n(dc, rows.size() * H, 0.f);
  for (std::int64_t t = time_; t-- > 0;) {
    const auto row = t * batch_ + rows.first;
    const float* c_before = t > 0 ? c_.data() + (row - batch_) * H : zeros_.data() + rows.first * H;
    float* gates = gates_.data() + row * G;
    backward_step(
        {rows.size(), H, dy + row * H, dh, c_before, tanh_c_.data() + row * H, dc, gates, b_gradient});
    if (t > 0) multiply(rows.size(), H, G, {gates, G}, transpose({U.data(), G}), 0, dh, H);
  }
}

double probe_products() {
  constexpr std::int64_t rows = 16, hidden = 64, columns = 4 * hidden, products = 1000;
  const std::vector<float> h(rows * hidden, .5f), U(hidden * columns, .5f);
  std::vector<float> gates(rows * columns);
  const double ms = median_ms({2, 7, 7, 0}, [&] {
    for (int i = 0; i < products; ++i)
      multiply(rows, columns, hidden, {h.data(), hidden}, {U.data(), columns}, 0, gates.data(), columns);
  });
  return 2e-6 * products * rows * hidden * columns / ms;
}

}  // namespace benchmarks
