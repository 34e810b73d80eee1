#pragma once
#include <algorithm>

namespace reel::cpu {

/// Whether a program runs faster alone than with its team: some runs together, some alone, then the faster
/// kind until it is time to compare again. Runs of a kind follow one another, as threads that are kept
/// waiting fall asleep; and they last a while, as the system needs some to give new threads a processor each.
class TeamChoice {
 public:
  bool alone() const { return decided_ ? alone_ : together_.is_over(5, 0.04); }

  /// After a run.
  void note(bool alone, double seconds) {
    if (decided_) {
      // Together it may have become slow since.
      slow_ = !alone && seconds > 1.5 * alone_trial_.least ? slow_ + 1 : 0;
      if (++since_ == until_next || slow_ == few) *this = TeamChoice();
      return;
    }
    (alone ? alone_trial_ : together_).note(seconds);
    decided_ = alone_trial_.is_over(3, 0.01);
    alone_ = alone_trial_.least < together_.least;
  }

 private:
  struct Trial {
    int runs = 0;
    double seconds = 0;
    double least = 1e30;  // the first runs find caches cold
    void note(double run) {
      ++runs;
      seconds += run;
      least = std::min(least, run);
    }
    bool is_over(int least_runs, double least_seconds) const {
      return runs >= least_runs && seconds >= least_seconds;
    }
  };
  static constexpr int until_next = 4000, few = 8;
  Trial together_, alone_trial_;
  bool decided_ = false, alone_ = false;
  int since_ = 0, slow_ = 0;
};

}  // namespace reel::cpu
