#pragma once
/// @file
/// How well a classifier does.
#include <cstdint>
#include <vector>

#include <reel/visibility.h>

namespace REEL_PUBLIC reel {

/// How well scores tell signal from background, for every threshold that may be put between them.
struct Roc {
  /// The share of the signal that is taken: from the highest threshold, which takes nothing, to the lowest,
  /// which takes all. Events of equal scores are taken together: the line between two points is what a choice
  /// among them by chance would give.
  std::vector<double> signal_efficiency;
  /// The share of the background that is taken, by the same thresholds.
  std::vector<double> background_efficiency;
  /// The area under signal efficiency over background efficiency: the chance that an event of signal scores
  /// higher than one of background, half for equal scores (Hanley and McNeil 1982). 0.5 for chance, 1 at
  /// best.
  double area = 0;
};

/// Of events with these scores, larger for signal. Throws Error where the numbers of both differ, where a
/// score is NaN, and where there is no signal or no background.
Roc roc_curve(const std::vector<double>& scores, const std::vector<bool>& is_signal);

}  // namespace reel
