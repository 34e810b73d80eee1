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

/// Adam with bias correction (Kingma and Ba 2015, algorithm 1). The running mean of squared gradients must be
/// in range: gradients of up to 1.8e19 in float32, a single one of up to 5.8e20. Beyond that it is infinite,
/// and an element that has had such a gradient stays where it is for good; skip_not_finite leaves such steps
/// out, clip_by_global_norm makes them small.
struct Adam {
  double rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;

  explicit Adam(double rate = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8)
      : rate(rate), beta1(beta1), beta2(beta2), epsilon(epsilon) {}
  void operator()(const std::vector<ParameterGradient>& gradients, const Scope& memory) const;
};

/// Scales all gradients down together where their common Euclidean norm exceeds `largest_norm`, before
/// `optimiser`. Gradients may be of any magnitude. Where one element of them is infinite or NaN there is no
/// direction to keep: all gradients become NaN, which skip_not_finite leaves out, inside of the clipping or
/// around it. Throws Error unless `largest_norm` is 0 or more.
Optimiser clip_by_global_norm(double largest_norm, Optimiser optimiser);

/// Leaves out the steps of `optimiser` in which an element of the gradients, or of what it would write, is
/// infinite or NaN: parameters and the optimiser's memory stay as they were to the last bit. The state
/// "skipped" counts them: model.parameter("optimiser/skipped").value(), made at the first call. What the loss
/// itself updates is not the optimiser's, and is updated all the same.
///
///   TrainingStep step(model, skip_not_finite(clip_by_global_norm(1, Adam(1e-3))), loss);
Optimiser skip_not_finite(Optimiser optimiser);

}  // namespace reel
