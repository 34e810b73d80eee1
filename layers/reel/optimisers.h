#pragma once
#include <reel/model.h>
#include <reel/ops.h>

namespace reel {

/// A parameter and the gradient of the loss with respect to it.
struct ParameterGradient {
  Parameter parameter;
  Tensor gradient;
};

/// Records how parameters change. An optimiser is any function of this form: it makes what it must remember
/// as states under `memory` and records updates of them and of the parameters. A state "learning_rate" can be
/// set by TrainingStep::set_learning_rate.
using Optimiser = std::function<void(const std::vector<ParameterGradient>&, const Scope& memory)>;

/// Gradient descent with momentum: v = momentum v + gradient, parameter -= rate v.
struct SGD {
  double rate;
  double momentum = 0;
  void operator()(const std::vector<ParameterGradient>& gradients, const Scope& memory) const;
};

/// Adam with bias correction (Kingma and Ba 2015, algorithm 1).
struct Adam {
  double rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;

  explicit Adam(double rate = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8)
      : rate(rate), beta1(beta1), beta2(beta2), epsilon(epsilon) {}
  void operator()(const std::vector<ParameterGradient>& gradients, const Scope& memory) const;
};

/// Scales all gradients down together where their common Euclidean norm exceeds `largest_norm`, before
/// `optimiser`.
Optimiser clip_by_global_norm(double largest_norm, Optimiser optimiser);

}  // namespace reel
