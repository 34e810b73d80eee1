#pragma once
#include <algorithm>

namespace reel::cpu {

/// Whether a program runs faster alone than with its team: a few runs of both kinds in turn, then the faster
/// one, until it is time to compare again.
class TeamChoice {
 public:
  bool alone() const { return count_ < trials ? count_ % 2 == 1 : alone_; }

  /// After a run.
  void note(bool alone, double seconds) {
    // The first run of a kind finds caches and threads cold: the least time counts.
    auto& least = alone ? least_alone_ : least_together_;
    least = std::min(least, seconds);
    if (++count_ == trials) alone_ = least_alone_ < least_together_;
    // Together it may have become slow since.
    const bool slow = count_ > trials && !alone && seconds > 1.5 * least_alone_;
    slow_ = slow ? slow_ + 1 : 0;
    if (count_ == until_next || slow_ == few) *this = TeamChoice();
  }

 private:
  static constexpr int trials = 6, until_next = 2000, few = 5;
  static constexpr double never = 1e30;
  int count_ = 0, slow_ = 0;
  bool alone_ = false;
  double least_alone_ = never, least_together_ = never;
};

}  // namespace reel::cpu
