#pragma once
/// @file
/// @ingroup training
/// How well a classifier does.
#include <vector>

#include <reel/visibility.h>

namespace REEL_PUBLIC reel {

/// How a classifier of two classes, signal and background, trades one against the other as the threshold on
/// its score falls: an event passes whose score is the threshold or more.
struct RocCurve {
  /// From infinity, where nothing passes, through each score that occurs to the lowest, where all pass.
  std::vector<double> thresholds;
  /// The shares of background that pass, from 0 to 1; as many as thresholds.
  std::vector<double> false_positive_rates;
  /// The shares of signal that pass, from 0 to 1; as many as thresholds.
  std::vector<double> true_positive_rates;
  /// The area beneath the curve: the probability that an event of signal has a higher score than one of
  /// background, equal scores counted as one half (Hanley and McNeil 1982). It is 0.5 for guessing, 1 at
  /// best.
  double area = 0;
};

/// The curve of events with these scores, which may be of any scale and infinite; true stands for signal.
/// Events with equal scores pass together, in one step of the curve. Throws Error where there are not as many
/// scores as classes, where a score is NaN, and where all events are of one class.
RocCurve roc_curve(const std::vector<double>& scores, const std::vector<bool>& is_signal);

}  // namespace reel
