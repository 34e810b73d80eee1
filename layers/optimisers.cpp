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

/// A number that an optimiser is given, from 0 up to but not `end`.
struct Setting {
  const char* name;
  double value, end = std::numeric_limits<double>::infinity();
};

void check_settings(const char* optimiser, const std::vector<Setting>& settings) {
  for (const auto& [name, value, end] : settings) {
    if (value >= 0 && value < end) continue;
    const std::string range = std::isfinite(end) ? "from 0 to below 1" : "0 or more, and finite";
    throw Error("[" + std::string(optimiser) + "] its " + name + " is " + std::to_string(value) +
                "; it must be " + range);
  }
}

}  // namespace

void structure::check_optimiser(const char* name, const Optimiser& optimiser) {
  if (!optimiser) throw Error("[" + std::string(name) + "] the optimiser is empty");
}

void SGD::operator()(const std::vector<ParameterGradient>& gradients, const Scope& memory) const {
  check_settings("SGD", {{"rate", rate}, {"momentum", momentum, 1}});
  if (nesterov && momentum == 0) throw Error("[SGD] Nesterov's step is one with momentum");
  const auto learning_rate = memory.state("learning_rate", {}, rate);
  for (const auto& [parameter, gradient] : gradients) {
    Tensor step = gradient;
    if (momentum != 0) {
      const auto velocity = memory_of(parameter, "velocity", memory);
      step = momentum * velocity + gradient;
      update(velocity, step);
      if (nesterov) step = gradient + momentum * step;
    }
    update(parameter, parameter - learning_rate * step);
  }
}

namespace {

/// Adam's steps, of parameters that have shrunk by rate * decay before.
void adam_steps(const char* name, const Adam& adam, double decay,
                const std::vector<ParameterGradient>& gradients, const Scope& memory) {
  const auto& [rate, beta1, beta2, epsilon] = adam;
  check_settings(
      name,
      {{"rate", rate}, {"beta1", beta1, 1}, {"beta2", beta2, 1}, {"epsilon", epsilon}, {"decay", decay}});
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
    const Tensor shrunk = decay == 0 ? Tensor(parameter) : parameter * (1 - decay * learning_rate);
    update(parameter, shrunk - learning_rate * (m / (1 - next1)) / (deviation + epsilon));
  }
}

}  // namespace

void Adam::operator()(const std::vector<ParameterGradient>& gradients, const Scope& memory) const {
  adam_steps("Adam", *this, 0, gradients, memory);
}

void AdamW::operator()(const std::vector<ParameterGradient>& gradients, const Scope& memory) const {
  adam_steps("AdamW", adam, decay, gradients, memory);
}

void RMSprop::operator()(const std::vector<ParameterGradient>& gradients, const Scope& memory) const {
  check_settings("RMSprop",
                 {{"rate", rate}, {"decay", decay, 1}, {"epsilon", epsilon}, {"momentum", momentum, 1}});
  const auto learning_rate = memory.state("learning_rate", {}, rate);
  for (const auto& [parameter, gradient] : gradients) {
    const auto mean_square = memory_of(parameter, "mean_square", memory);
    const auto s = decay * mean_square + square(std::sqrt(1 - decay) * gradient);
    update(mean_square, s);
    auto step = gradient / (sqrt(s) + epsilon);
    if (momentum != 0) {
      const auto velocity = memory_of(parameter, "velocity", memory);
      step = momentum * velocity + step;
      update(velocity, step);
    }
    update(parameter, parameter - learning_rate * step);
  }
}

void Adagrad::operator()(const std::vector<ParameterGradient>& gradients, const Scope& memory) const {
  check_settings("Adagrad", {{"rate", rate}, {"epsilon", epsilon}});
  const auto learning_rate = memory.state("learning_rate", {}, rate);
  for (const auto& [parameter, gradient] : gradients) {
    const auto squares = memory_of(parameter, "squares", memory);
    const auto s = squares + square(gradient);
    update(squares, s);
    update(parameter, parameter - learning_rate * gradient / (sqrt(s) + epsilon));
  }
}

void Adadelta::operator()(const std::vector<ParameterGradient>& gradients, const Scope& memory) const {
  check_settings("Adadelta", {{"rate", rate}, {"decay", decay, 1}, {"epsilon", epsilon}});
  const auto learning_rate = memory.state("learning_rate", {}, rate);
  for (const auto& [parameter, gradient] : gradients) {
    const auto mean_square = memory_of(parameter, "mean_square", memory),
               mean_step = memory_of(parameter, "mean_square_step", memory);
    const auto s = decay * mean_square + (1 - decay) * square(gradient);
    const auto step = gradient * (sqrt(mean_step + epsilon) / sqrt(s + epsilon));
    update(mean_square, s);
    update(mean_step, decay * mean_step + (1 - decay) * square(step));
    update(parameter, parameter - learning_rate * step);
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
  structure::check_optimiser("clip_by_global_norm", optimiser);
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

Optimiser clip_by_value(double largest, Optimiser optimiser) {
  structure::check_optimiser("clip_by_value", optimiser);
  if (!(largest > 0))
    throw Error("[clip_by_value] the largest value is " + std::to_string(largest) + "; it must be above 0");
  return [=](const std::vector<ParameterGradient>& gradients, const Scope& memory) {
    auto clipped = gradients;
    for (auto& entry : clipped) entry.gradient = clamp(entry.gradient, -largest, largest);
    optimiser(clipped, memory);
  };
}

Optimiser penalised(const Penalty& penalty, Optimiser optimiser) {
  structure::check_optimiser("penalised", optimiser);
  check_settings("penalised", {{"l1", penalty.l1}, {"l2", penalty.l2}});
  return [=](const std::vector<ParameterGradient>& gradients, const Scope& memory) {
    auto larger = gradients;
    for (auto& [parameter, gradient] : larger) {
      if (penalty.l1 != 0) gradient = gradient + penalty.l1 * sign(parameter);
      if (penalty.l2 != 0) gradient = gradient + penalty.l2 * parameter;
    }
    optimiser(larger, memory);
  };
}

namespace {

/// The updates that `record` asks for, with the values from before where `condition` is false.
void update_where(const Tensor& condition, const std::vector<HeldUpdates::Entry>& updates, Tape& tape) {
  for (const auto& [variable, value] : updates)
    update(variable, select(condition, value, tape.parameter(variable)));
}

}  // namespace

Optimiser accumulated(std::int64_t count, Optimiser optimiser) {
  structure::check_optimiser("accumulated", optimiser);
  if (count < 1)
    throw Error("[accumulated] the mean is of the gradients of 1 call or more, not of " +
                std::to_string(count));
  return [=](const std::vector<ParameterGradient>& gradients, const Scope& memory) {
    auto& tape = destination("accumulated", tensors_of(gradients));
    const auto calls = memory.state("accumulated_calls", TensorType{ElementType::int64, {}}, 0);
    const auto is_last = calls + 1 == count;
    update(calls, select(is_last, 0, calls + 1));
    auto means = gradients;
    for (auto& [parameter, gradient] : means) {
      const auto sum = memory_of(parameter, "accumulated", memory);
      gradient = sum + gradient / static_cast<double>(count);
      update(sum, select(is_last, 0, gradient));
    }
    update_where(is_last, HeldUpdates::recorded_by([&] { optimiser(means, memory); }, tape), tape);
  };
}

Optimiser skip_not_finite(Optimiser optimiser) {
  structure::check_optimiser("skip_not_finite", optimiser);
  return [=](const std::vector<ParameterGradient>& gradients, const Scope& memory) {
    auto judged = tensors_of(gradients);
    auto& tape = destination("skip_not_finite", judged);
    const auto updates = HeldUpdates::recorded_by([&] { optimiser(gradients, memory); }, tape);
    for (const auto& [variable, value] : updates)
      if (is_floating(value.element())) judged.push_back(value);
    const auto largest = largest_magnitude(judged);
    const auto finite = largest.defined() ? isfinite(largest) : true;
    update_where(finite, updates, tape);
    const auto skipped = memory.state("skipped", {}, 0);
    update(skipped, skipped + select(finite, 0, 1));
  };
}

}  // namespace reel
