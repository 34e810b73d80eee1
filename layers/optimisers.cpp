#include <reel/optimisers.h>

namespace reel {

namespace {

/// What an optimiser remembers of a parameter: zeros at first.
Parameter memory_of(const Parameter& parameter, const char* what, const Scope& memory) {
  return (memory / parameter.name()).state(what, parameter.shape(), 0);
}

}  // namespace

void SGD::operator()(const std::vector<ParameterGradient>& gradients, const Scope& memory) const {
  const auto learning_rate = memory.state("learning_rate", {}, rate);
  for (const auto& [parameter, gradient] : gradients) {
    Tensor step = gradient;
    if (momentum != 0) {
      const auto velocity = memory_of(parameter, "velocity", memory);
      step = momentum * velocity + gradient;
      update(velocity, step);
    }
    update(parameter, parameter - learning_rate * step);
  }
}

void Adam::operator()(const std::vector<ParameterGradient>& gradients, const Scope& memory) const {
  const auto learning_rate = memory.state("learning_rate", {}, rate);
  // beta^t, carried on from step to step.
  const auto power1 = memory.state("beta1_power", {}, 1), power2 = memory.state("beta2_power", {}, 1);
  const Tensor next1 = beta1 * power1, next2 = beta2 * power2;
  update(power1, next1);
  update(power2, next2);
  for (const auto& [parameter, gradient] : gradients) {
    const auto mean = memory_of(parameter, "mean", memory);
    const auto variance = memory_of(parameter, "variance", memory);
    const auto m = beta1 * mean + (1 - beta1) * gradient;
    const auto v = beta2 * variance + (1 - beta2) * square(gradient);
    update(mean, m);
    update(variance, v);
    update(parameter, parameter - learning_rate * (m / (1 - next1)) / (sqrt(v / (1 - next2)) + epsilon));
  }
}

Optimiser clip_by_global_norm(double largest_norm, Optimiser optimiser) {
  return [=](const std::vector<ParameterGradient>& gradients, const Scope& memory) {
    Tensor squares;
    for (const auto& entry : gradients) {
      const auto part = sum(square(entry.gradient));
      squares = squares.defined() ? squares + part : part;
    }
    if (!squares.defined()) return optimiser(gradients, memory);
    const auto norm = sqrt(squares);
    const auto scale = select(norm > largest_norm, largest_norm / norm, 1);
    auto clipped = gradients;
    for (auto& entry : clipped) entry.gradient = entry.gradient * scale;
    optimiser(clipped, memory);
  };
}

}  // namespace reel
