#include "training.h"

#include <reel/training_checkpoint.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

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

  void count_step() {
    ++step_;
    seconds_used_ += since_step_.seconds();
    since_step_ = Stopwatch();
  }
  std::int64_t step() const { return step_; }
  double used() const {
    const double of_time = seconds_ > 0 ? seconds_used_ / seconds_ : 0;
    const double of_steps = steps_ > 0 ? static_cast<double>(step_) / static_cast<double>(steps_) : 0;
    return std::max(of_time, of_steps);
  }
  double seconds_left() const { return seconds_used_ * (1 / std::max(used(), 1e-9) - 1); }

  void keep_in(TrainingCheckpoint& checkpoint, const std::string& name) {
    checkpoint.keep(name + "/step", step_);
    checkpoint.keep(name + "/seconds", seconds_used_);
  }

 private:
  double seconds_, seconds_used_ = 0;
  std::int64_t steps_, step_ = 0;
  Stopwatch since_step_;
};

/// A number that differs for different texts: FNV-1a of their symbols (Fowler, Noll and Vo).
std::string sum_of(const std::vector<Symbol>& text) {
  std::uint64_t sum = 14695981039346656037u;
  for (const auto symbol : text) sum = (sum ^ symbol) * 1099511628211u;
  return std::to_string(sum);
}

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

  void keep_in(TrainingCheckpoint& checkpoint, const std::string& name) { checkpoint.keep(name, next_); }

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

/// A training on its way, all of which a checkpoint keeps.
class Run {
 public:
  Run(Model& model, const Network& network, const std::vector<Symbol>& text, Scorer& scorer,
      const Training& training, Writing& keep)
      : training_(training),
        scorer_(scorer),
        keep_(keep),
        step_(model, clip_by_global_norm(1, Adam(training.learning_rate)), {&network}),
        streams_(text, training.time, training.batch),
        state_(host_state(model, network.initial_state(training.batch))),
        random_(training.seed),
        budget_(training),
        best_(model) {
    if (training.checkpoint.empty()) return;
    checkpoint_.emplace(model, training.checkpoint);
    checkpoint_->expect("time", std::to_string(training.time));
    checkpoint_->expect("batch", std::to_string(training.batch));
    checkpoint_->expect("text", std::to_string(text.size()) + " characters, sum " + sum_of(text));
    checkpoint_->expect("learning rate", std::to_string(training.learning_rate));
    checkpoint_->expect("start", training.start);
    checkpoint_->keep("streams", streams_);
    checkpoint_->keep("state", state_);
    checkpoint_->keep("random", random_);
    checkpoint_->keep("budget", budget_);
    checkpoint_->keep("times", times_);
    checkpoint_->keep("best", best_);
    checkpoint_->keep("progress", progress_);
    resumed_ = checkpoint_->resume();
  }

  Ending to_the_end() {
    if (resumed_)
      std::printf("Goes on after step %lld, from %s.\n", static_cast<long long>(budget_.step()),
                  training_.checkpoint.c_str());
    else if (!training_.start.empty())
      validate();
    while (budget_.used() < 1 && !Interrupts::noted()) {
      take_step();
      if (budget_.used() < 1 && times_.is_due(budget_.used())) {
        validate();
        save();
      } else if (since_save_.seconds() > 60) {
        save();
      }
    }
    // Before the last measurement: a training that was interrupted goes on without it.
    save();
    validate();
    progress_.finish();
    best_.restore();
    // What was best before the training was interrupted is kept too, if it still is.
    if (!keep_.is_there()) keep_();
    return {budget_.step(), Interrupts::noted(), save_.failure()};
  }

 private:
  void take_step() {
    step_.set_learning_rate(training_.learning_rate * rate_schedule(budget_.used()));
    const auto window = streams_.next();
    auto [loss, next] = step_(window.symbols, window.targets, state_);
    state_ = std::move(next);
    forget_some(state_, random_);
    budget_.count_step();
    progress_.step(loss.item() / std::log(2.0), training_.time * training_.batch, budget_.seconds_left());
  }
  void validate() {
    const double bits = scorer_.piece();
    progress_.validation(bits);
    if (best_.offer(bits)) keep_();
  }
  void save() {
    save_();
    since_save_ = Stopwatch();
  }

  const Training& training_;
  Scorer& scorer_;
  Writing& keep_;
  TrainingStep<TrainingLoss> step_;
  TrainingStreams streams_;
  LSTMStateOf<Array> state_;
  Random random_;
  Budget budget_;
  ValidationTimes times_;
  BestWeights best_;
  Progress progress_{"bits/char", "chars"};
  Stopwatch since_save_;
  std::optional<TrainingCheckpoint> checkpoint_;
  Writing save_{"the checkpoint", [this] {
                  if (checkpoint_) checkpoint_->save();
                }};
  bool resumed_ = false;
};

}  // namespace

Ending train(Model& model, const Network& network, const std::vector<Symbol>& text, Scorer& scorer,
             const Training& training, Writing& keep) {
  return Run(model, network, text, scorer, training, keep).to_the_end();
}

}  // namespace char_lm
