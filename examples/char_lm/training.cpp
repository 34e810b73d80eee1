#include "training.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "interrupt.h"

namespace char_lm {

using namespace reel;

namespace {

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// How much of the time or of the steps is used up.
class Budget {
 public:
  explicit Budget(const Training& training) : seconds_(training.minutes * 60), steps_(training.steps) {}

  void count_step() { ++step_; }
  double used() const {
    const double of_time = seconds_ > 0 ? clock_.seconds() / seconds_ : 0;
    const double of_steps = steps_ > 0 ? static_cast<double>(step_) / static_cast<double>(steps_) : 0;
    return std::max(of_time, of_steps);
  }
  double seconds_left() const { return clock_.seconds() * (1 / std::max(used(), 1e-9) - 1); }

 private:
  double seconds_;
  std::int64_t steps_, step_ = 0;
  Stopwatch clock_;
};

/// The share of the learning rate after `used` of the budget: up at once, then down along half a cosine. The
/// kit's schedules count steps; of a budget of time nobody knows how many these will be.
double rate_schedule(double used) {
  constexpr double rise = 0.02, pi = 3.14159265358979;
  const double down = 0.01 + 0.99 * 0.5 * (1 + std::cos(pi * std::min(used, 1.0)));
  return down * std::min(1.0, 0.05 + used / rise);
}

/// When to measure on the validation text: early once, then at every tenth of the budget, in a long run at
/// least every few minutes.
class ValidationTimes {
 public:
  bool is_due(double used) {
    if (used < next_ && since_last_.seconds() < 300) return false;
    while (next_ <= used) next_ += next_ < 0.1 ? 0.05 : 0.1;
    since_last_ = Stopwatch();
    return true;
  }

 private:
  double next_ = 0.05;
  Stopwatch since_last_;
};

/// Zeros the state of a stream now and then, so that the network learns to begin in the middle of a text.
void forget_some(LSTMStateOf<Array>& state, Random& random) {
  std::bernoulli_distribution forgets(0.05);
  const auto batch = state.h.shape()[0], hidden = state.h.shape()[1];
  for (std::int64_t stream = 0; stream < batch; ++stream)
    if (forgets(random))
      for (auto* part : {&state.h, &state.c}) std::fill_n(part->data<float>() + stream * hidden, hidden, 0.f);
}

}  // namespace

void train(Model& model, const Network& network, const std::vector<Symbol>& text, Scorer& scorer,
           const Training& training, const std::function<void()>& keep) {
  TrainingStep<TrainingLoss> step(model, clip_by_global_norm(1, Adam(training.learning_rate)), {&network});
  TrainingStreams streams(text, training.time, training.batch);
  auto state = host_state(model, network.initial_state(training.batch));
  Random random(training.seed);
  Budget budget(training);
  ValidationTimes times;
  BestWeights best(model);
  Progress progress("bits/char", "chars");
  const auto validate = [&] {
    const double bits = scorer.piece();
    progress.validation(bits);
    if (best.offer(bits)) keep();
  };
  if (training.trained_before) validate();
  while (budget.used() < 1 && !interrupted()) {
    step.set_learning_rate(training.learning_rate * rate_schedule(budget.used()));
    const auto window = streams.next();
    auto [loss, next] = step(window.symbols, window.targets, state);
    state = std::move(next);
    forget_some(state, random);
    budget.count_step();
    progress.step(loss.item() / std::log(2.0), training.time * training.batch, budget.seconds_left());
    if (budget.used() < 1 && times.is_due(budget.used())) validate();
  }
  validate();
  progress.finish();
  best.restore();
}

}  // namespace char_lm
