#include <reel/optimisers.h>
#include <reel/program.h>
#include <reel/record.h>

#include <cmath>

#include "learning_rates.h"

namespace reel {

namespace {

void check_steps(const char* schedule, std::int64_t steps) {
  if (steps < 1)
    throw Error("[" + std::string(schedule) + "] takes 1 step or more, not " + std::to_string(steps));
}

}  // namespace

double rate_at(const RateSchedule& schedule, std::int64_t step) {
  Tape tape(ElementType::float64);
  Recording recording(tape);
  const auto rate = schedule(tape.fill(static_cast<double>(step), {ElementType::float64, {}}));
  return compile(tape, {bring(tape, rate, "RateSchedule")}, Device::reference())
      .run(std::vector<Array>{})[0]
      .item();
}

RateSchedule constant_rate(double rate) {
  check_learning_rate("constant_rate", rate);
  return [=](const Tensor&) { return full({}, rate, ElementType::float64); };
}

RateSchedule step_decay(double rate, double factor, std::int64_t every) {
  check_steps("step_decay", every);
  check_learning_rate("step_decay", rate);
  if (!(factor >= 0 && std::isfinite(factor)))
    throw Error("[step_decay] the factor is 0 or more, and finite, not " + std::to_string(factor));
  return [=](const Tensor& step) { return rate * pow(factor, floor(step / static_cast<double>(every))); };
}

RateSchedule cosine_decay(double rate, std::int64_t steps, double last) {
  check_steps("cosine_decay", steps);
  check_learning_rate("cosine_decay", rate);
  check_learning_rate("cosine_decay", last);
  constexpr double pi = 3.14159265358979323846;
  return [=](const Tensor& step) {
    const auto part = minimum(step / static_cast<double>(steps), 1);
    return last + 0.5 * (rate - last) * (1 + cos(pi * part));
  };
}

RateSchedule warm_up(std::int64_t steps, RateSchedule then) {
  check_steps("warm_up", steps);
  if (!then) throw Error("[warm_up] there is no schedule to go on with");
  const auto count = static_cast<double>(steps);
  return [=](const Tensor& step) {
    const auto first = then(full({}, 0, ElementType::float64));
    return select(step < count, first * ((step + 1) / count), then(maximum(step - count, 0)));
  };
}

Optimiser scheduled(RateSchedule schedule, Optimiser optimiser) {
  structure::check_optimiser("scheduled", optimiser);
  if (!schedule) throw Error("[scheduled] the schedule is empty");
  return [=](const std::vector<ParameterGradient>& gradients, const Scope& memory) {
    auto& model = memory.model();
    const auto steps = memory.state("steps", TensorType{ElementType::int64, {}}, 0);
    const auto known = learning_rates(memory).size();
    optimiser(gradients, memory);
    const auto next = steps + 1;
    update(steps, next);
    const auto rate = cast(schedule(cast(next, ElementType::float64)), model.element());
    const auto rates = learning_rates(memory);
    if (rates.empty()) throw Error("[scheduled] the optimiser has no learning rate");
    for (std::size_t i = 0; i < rates.size(); ++i) {
      // States keep their order: a new one begins with the schedule's rate.
      if (i >= known) rates[i].assign(Array(rate_at(schedule, 0)).cast(model.element()));
      update(rates[i], rate);
    }
  };
}

}  // namespace reel
