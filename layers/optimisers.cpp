#include <reel/held_updates.h>
#include <reel/optimisers.h>
#include <reel/record.h>

#include <cmath>
#include <limits>

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
    // Scaled before it is squared, and the root before it is divided: (1 - beta2) g^2 may be in range where
    // g^2 is not.
    const auto v = beta2 * variance + square(std::sqrt(1 - beta2) * gradient);
    update(mean, m);
    update(variance, v);
    const auto deviation = sqrt(v) / sqrt(1 - next2);
    update(parameter, parameter - learning_rate * (m / (1 - next1)) / (deviation + epsilon));
  }
}

namespace {

/// The larger of two, either of which may be absent.
Tensor larger(const Tensor& a, const Tensor& b) { return a.defined() ? maximum(a, b) : b; }

/// The largest magnitude among the elements of all tensors, NaN where one is NaN; absent where there are
/// none.
Tensor largest_magnitude(const Tensors& tensors) {
  Tensor largest;
  for (const auto& x : tensors)
    if (x.shape().size() > 0) largest = larger(largest, max(abs(x)));
  return largest;
}

/// The smallest number of a floating type that has an inverse.
double smallest_normal(ElementType element) {
  return element == ElementType::float64 ? std::numeric_limits<double>::min()
                                         : std::numeric_limits<float>::min();
}

Tensors tensors_of(const std::vector<ParameterGradient>& gradients) {
  Tensors tensors;
  for (const auto& entry : gradients) tensors.push_back(entry.gradient);
  return tensors;
}

}  // namespace

Optimiser clip_by_global_norm(double largest_norm, Optimiser optimiser) {
  if (!(largest_norm >= 0))
    throw Error("[clip_by_global_norm] the largest norm is " + std::to_string(largest_norm) +
                "; it must be 0 or more");
  return [=](const std::vector<ParameterGradient>& gradients, const Scope& memory) {
    const auto largest = largest_magnitude(tensors_of(gradients));
    if (!largest.defined()) return optimiser(gradients, memory);
    // In units of the largest magnitude no square overflows. Where that is not finite, all that follows is
    // NaN.
    const auto unit = maximum(largest, smallest_normal(largest.element())), shrink = 1 / unit;
    Tensor squares = 0;
    for (const auto& entry : gradients) squares = squares + sum(square(entry.gradient * shrink));
    const auto norm = sqrt(squares);
    // What the norm is in other units, by a comparison both sides of which are in range.
    const auto fits = norm * minimum(unit, 1) <= largest_norm / maximum(unit, 1);
    // One factor after the other: both at once may vanish. A norm that fits may be 0: it divides nothing.
    const auto first = select(fits, 1, shrink),
               second = select(fits, 1, largest_norm) / select(fits, 1, norm);
    auto clipped = gradients;
    for (auto& entry : clipped) entry.gradient = entry.gradient * first * second;
    optimiser(clipped, memory);
  };
}

Optimiser skip_not_finite(Optimiser optimiser) {
  return [=](const std::vector<ParameterGradient>& gradients, const Scope& memory) {
    auto judged = tensors_of(gradients);
    auto& tape = destination("skip_not_finite", judged);
    const auto updates = HeldUpdates::recorded_by([&] { optimiser(gradients, memory); }, tape);
    for (const auto& [variable, value] : updates)
      if (is_floating(value.element())) judged.push_back(value);
    const auto largest = largest_magnitude(judged);
    const auto finite = largest.defined() ? isfinite(largest) : true;
    for (const auto& [variable, value] : updates)
      update(variable, select(finite, value, tape.parameter(variable)));
    const auto skipped = memory.state("skipped", {}, 0);
    update(skipped, skipped + select(finite, 0, 1));
  };
}

}  // namespace reel
