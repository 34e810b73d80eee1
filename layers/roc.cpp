#include <reel/error.h>
#include <reel/roc.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace reel {

namespace {

void check(const std::vector<double>& scores, const std::vector<bool>& is_signal) {
  if (scores.size() != is_signal.size())
    throw Error("[roc_curve] there are " + std::to_string(scores.size()) + " scores of " +
                std::to_string(is_signal.size()) + " events");
  const auto nan = std::find_if(scores.begin(), scores.end(), [](double score) { return std::isnan(score); });
  if (nan != scores.end())
    throw Error("[roc_curve] the score of event " + std::to_string(nan - scores.begin()) + " is NaN");
}

}  // namespace

Roc roc_curve(const std::vector<double>& scores, const std::vector<bool>& is_signal) {
  check(scores, is_signal);
  const auto signal = static_cast<double>(std::count(is_signal.begin(), is_signal.end(), true));
  const auto background = static_cast<double>(scores.size()) - signal;
  if (signal == 0 || background == 0)
    throw Error("[roc_curve] there is no " + std::string(signal == 0 ? "signal" : "background"));
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });

  Roc roc{{0}, {0}, 0};
  double signal_taken = 0, background_taken = 0, area = 0;  // counts, and a product of two
  for (std::size_t i = 0; i < order.size();) {
    const auto score = scores[order[i]];
    const auto signal_before = signal_taken, background_before = background_taken;
    for (; i < order.size() && scores[order[i]] == score; ++i)
      (is_signal[order[i]] ? signal_taken : background_taken) += 1;
    area += (background_taken - background_before) * (signal_taken + signal_before) / 2;
    roc.signal_efficiency.push_back(signal_taken / signal);
    roc.background_efficiency.push_back(background_taken / background);
  }
  roc.area = area / (signal * background);
  return roc;
}

}  // namespace reel
