#include <reel/optimisers.h>
#include <reel/program.h>
#include <reel/record.h>

#include <cmath>
#include <string_view>

namespace reel {

namespace {

void check_steps(const char* schedule, std::int64_t steps) {
  if (steps < 1)
    throw Error("[" + std::string(schedule) + "] takes 1 step or more, not " + std::to_string(steps));
}

void check_rate(const char* schedule, double rate) {
  if (!(rate >= 0 && std::isfinite(rate)))
    throw Error("[" + std::string(schedule) + "] a learning rate is 0 or more, and finite, not " +
                std::to_string(rate));
}

/// Whether it is a learning rate of the optimiser that remembers there, or of one of its groups.
bool is_rate(const std::string& name, const std::string& memory) {
  constexpr std::string_view ending = "/learning_rate";
  return name.size() >= memory.size() + ending.size() && name.compare(0, memory.size(), memory) == 0 &&
         name[memory.size()] == '/' && name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
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
  check_rate("constant_rate", rate);
  return [=](const Tensor&) { return full({}, rate, ElementType::float64); };
}

RateSchedule step_decay(double rate, double factor, std::int64_t every) {
  check_steps("step_decay", every);
  check_rate("step_decay", rate);
  if (!(factor >= 0 && std::isfinite(factor)))
    throw Error("[step_decay] the factor is 0 or more, and finite, not " + std::to_string(factor));
  return [=](const Tensor& step) { return rate * pow(factor, floor(step / static_cast<double>(every))); };
}

RateSchedule cosine_decay(double rate, std::int64_t steps, double last) {
  check_steps("cosine_decay", steps);
  check_rate("cosine_decay", rate);
  check_rate("cosine_decay", last);
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
    const auto known = model.states().size();
    optimiser(gradients, memory);
    const auto next = steps + 1;
    update(steps, next);
    const auto rate = cast(schedule(cast(next, ElementType::float64)), model.element());
    bool has_rate = false;
    // Those of groups too.
    for (std::size_t i = 0; i < model.states().size(); ++i) {
      const auto& state = model.states()[i];
      if (!is_rate(state.name(), memory.path())) continue;
      has_rate = true;
      if (i >= known) state.assign(Array(rate_at(schedule, 0)).cast(model.element()));
      update(state, rate);
    }
    if (!has_rate) throw Error("[scheduled] the optimiser has no learning rate");
  };
}

}  // namespace reel
