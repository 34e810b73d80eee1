#pragma once
#include <vector>

#include "passes/by_hand.h"

namespace benchmarks {

/// Sizes of a pass, unrolled.
struct PassSize {
  std::int64_t batch, hidden, steps;
};

/// What the cells are computed of. u is that of every step, or of one that all have in common.
struct PassArguments {
  const float *x, *u, *bias, *dy;                     // [T, B, 4H] twice, [4H], [T, B, H]
  const float *scale_x, *scale_u, *scale_c, *bias_c;  // of norms: [4H] twice, [H] twice
};

/// A cell of passes by hand over the steps of a sequence, from a state of zeros. What is of a step stands [T,
/// B, ...].
class UnrolledByHand {
 public:
  UnrolledByHand(const PassesByHand& passes, const PassSize& size, const PassArguments& arguments)
      : h(of_all_steps(size, 1)),
        dx(of_all_steps(size, 4)),
        du(dx),
        passes_(passes),
        size_(size),
        of_(arguments),
        zeros_(h),
        c_(h),
        tanh_c_(h),
        normal_c_(h),
        dc_(h),
        gates_(dx),
        normal_x_(dx),
        normal_u_(dx),
        dz_(dx),
        deviations_(of_all_steps(size, 1)) {}
  virtual ~UnrolledByHand() = default;

  /// h of all steps; with `keeps` what reverse() reads, too. With `u_moves` each step has its own u.
  void forward(bool keeps, bool u_moves) {
    for (std::int64_t t = 0; t < size_.steps; ++t) forward_step(t, keeps, u_moves);
  }
  /// The gradients by x and u.
  void reverse() {
    dc_.assign(dc_.size(), 0);
    for (auto t = size_.steps; t-- > 0;) reverse_step(t);
  }

  std::vector<float> h, dx, du;

 protected:
  virtual void forward_step(std::int64_t t, bool keeps, bool u_moves) = 0;
  virtual void reverse_step(std::int64_t t) = 0;

  static std::vector<float> of_all_steps(const PassSize& size, std::int64_t parts) {
    return std::vector<float>(static_cast<std::size_t>(size.steps * size.batch * size.hidden * parts));
  }
  /// Where that of a step begins: arrays of the state, and of four gates.
  std::int64_t small(std::int64_t t) const { return t * size_.batch * size_.hidden; }
  std::int64_t large(std::int64_t t) const { return 4 * small(t); }
  const float* c_before(std::int64_t t, bool keeps) const {
    return t > 0 ? c_.data() + small(keeps ? t - 1 : (t - 1) % 2) : zeros_.data();
  }

  const PassesByHand& passes_;
  const PassSize size_;
  const PassArguments of_;
  std::vector<float> zeros_, c_, tanh_c_, normal_c_, dc_, gates_, normal_x_, normal_u_, dz_, deviations_;
};

class UnrolledLSTM : public UnrolledByHand {
 public:
  using UnrolledByHand::UnrolledByHand;

 private:
  LSTMPass step(std::int64_t t, bool keeps, bool u_moves) {
    LSTMPass p{};
    p.rows = size_.batch;
    p.hidden = size_.hidden;
    p.x = of_.x + large(t);
    p.u = of_.u + (u_moves ? large(t) : 0);
    p.bias = of_.bias;
    p.c_before = c_before(t, keeps);
    p.h = h.data() + small(t);
    p.c = c_.data() + small(keeps ? t : t % 2);
    p.gates = keeps ? gates_.data() + large(t) : nullptr;
    p.tanh_c = keeps ? tanh_c_.data() + small(t) : nullptr;
    p.dy = of_.dy + small(t);
    p.dh = zeros_.data();
    p.dc = dc_.data();
    p.dx = dx.data() + large(t);
    return p;
  }
  void forward_step(std::int64_t t, bool keeps, bool u_moves) override {
    passes_.lstm(step(t, keeps, u_moves));
  }
  void reverse_step(std::int64_t t) override { passes_.lstm_reverse(step(t, true, false)); }
};

class UnrolledLayerNorm : public UnrolledByHand {
 public:
  using UnrolledByHand::UnrolledByHand;

 private:
  LayerNormPass step(std::int64_t t, bool keeps, bool u_moves) {
    const auto kept = keeps ? t : 0;
    LayerNormPass p{};
    p.rows = size_.batch;
    p.hidden = size_.hidden;
    p.a = of_.x + large(t);
    p.u = of_.u + (u_moves ? large(t) : 0);
    p.scale_a = of_.scale_x;
    p.scale_u = of_.scale_u;
    p.bias = of_.bias;
    p.scale_c = of_.scale_c;
    p.bias_c = of_.bias_c;
    p.c_before = c_before(t, keeps);
    p.h = h.data() + small(t);
    p.c = c_.data() + small(keeps ? t : t % 2);
    p.normal_a = normal_x_.data() + large(kept);
    p.normal_u = normal_u_.data() + large(kept);
    p.gates = gates_.data() + large(kept);
    p.normal_c = normal_c_.data() + small(kept);
    p.tanh_c = tanh_c_.data() + small(kept);
    p.deviations = deviations_.data() + kept * 3 * size_.batch;
    p.dy = of_.dy + small(t);
    p.dh = zeros_.data();
    p.dz = dz_.data();
    p.dc = dc_.data();
    p.da = dx.data() + large(t);
    p.du = du.data() + large(t);
    return p;
  }
  void forward_step(std::int64_t t, bool keeps, bool u_moves) override {
    passes_.layer_norm(step(t, keeps, u_moves));
  }
  void reverse_step(std::int64_t t) override { passes_.layer_norm_reverse(step(t, true, false)); }
};

}  // namespace benchmarks
