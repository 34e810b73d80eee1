#pragma once
#include <algorithm>

namespace reel::cpu {

/// Whether a program runs faster alone than with its team: some runs together, some alone, then the faster
/// kind until it is time to compare again. Runs of a kind follow one another, as threads that are kept
/// waiting fall asleep; and they last a while, as the system needs some to give new threads a processor each.
/// Usual times are compared, not the least: a team that is fast only now and then is slow.
class TeamChoice {
 public:
  bool alone() const { return decided_ ? alone_ : together_.is_over(5, 0.04); }

  /// After a run.
  void note(bool alone, double seconds) {
    (alone ? alone_runs_ : together_).note(seconds);
    if (!decided_) {
      decided_ = alone_runs_.is_over(3, 0.01);
      alone_ = alone_runs_.usual < together_.usual;
      trial_ = together_.seconds + alone_runs_.seconds;
      return;
    }
    // Together it may have become slow since, or fast.
    slow_ = !alone_ && together_.usual > alone_runs_.usual ? slow_ + 1 : 0;
    since_ += seconds;
    if (slow_ == few || since_ > std::max(until_next, most_trials * trial_)) *this = TeamChoice();
  }

 private:
  struct Runs {
    int count = 0;
    double seconds = 0;
    double usual = 0;  // the last ones weigh most
    void note(double run) {
      usual = count <= 1 ? run : usual + (run - usual) / 4;  // the first one finds caches cold
      ++count;
      seconds += run;
    }
    bool is_over(int least_runs, double least_seconds) const {
      return count >= least_runs && seconds >= least_seconds;
    }
  };
  /// Seconds, at least; and as a multiple of what comparing takes.
  static constexpr double until_next = 2, most_trials = 20;
  static constexpr int few = 8;
  Runs together_, alone_runs_;
  bool decided_ = false, alone_ = false;
  double since_ = 0, trial_ = 0;
  int slow_ = 0;
};

}  // namespace reel::cpu
