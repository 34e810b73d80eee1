#include <reel/error.h>
#include <reel/roc.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>

namespace reel {

namespace {

struct Counts {
  std::uint64_t background = 0, signal = 0;

  void add(bool is_signal) { ++(is_signal ? signal : background); }
};

/// How many there are of either class. Throws Error as roc_curve() says.
Counts count(const std::vector<double>& scores, const std::vector<bool>& is_signal) {
  if (scores.size() != is_signal.size())
    throw Error("[roc_curve] there are " + std::to_string(scores.size()) + " scores, but classes of " +
                std::to_string(is_signal.size()) + " events");
  Counts all;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) throw Error("[roc_curve] the score of event " + std::to_string(i) + " is NaN");
    all.add(is_signal[i]);
  }
  if (all.signal == 0 || all.background == 0)
    throw Error("[roc_curve] there must be events of both classes, and there are " +
                std::to_string(all.signal) + " of signal and " + std::to_string(all.background) +
                " of background");
  return all;
}

/// The events from the highest score to the lowest.
std::vector<std::size_t> by_falling_score(const std::vector<double>& scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t(0));
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  return order;
}

}  // namespace

RocCurve roc_curve(const std::vector<double>& scores, const std::vector<bool>& is_signal) {
  const auto all = count(scores, is_signal);
  const auto order = by_falling_score(scores);
  RocCurve curve;
  const auto add_point = [&](double threshold, const Counts& passed) {
    curve.thresholds.push_back(threshold);
    curve.false_positive_rates.push_back(double(passed.background) / double(all.background));
    curve.true_positive_rates.push_back(double(passed.signal) / double(all.signal));
  };
  Counts passed;
  add_point(std::numeric_limits<double>::infinity(), passed);
  // In whole numbers, which round nothing: twice the area of trapezoids between events.
  std::uint64_t twice_the_area = 0;
  for (std::size_t at = 0; at < order.size();) {
    const auto before = passed;
    const double threshold = scores[order[at]];
    for (; at < order.size() && scores[order[at]] == threshold; ++at) passed.add(is_signal[order[at]]);
    twice_the_area += (passed.background - before.background) * (passed.signal + before.signal);
    add_point(threshold, passed);
  }
  curve.area = double(twice_the_area) / 2 / double(all.background) / double(all.signal);
  return curve;
}

}  // namespace reel
