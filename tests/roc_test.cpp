#include <reel/error.h>
#include <reel/roc.h>

#include <limits>
#include <random>

#include "catch.h"

using namespace reel;

namespace {

/// What the area is by its meaning: of all pairs, how often the signal scores higher.
double chance_of_signal_first(const std::vector<double>& scores, const std::vector<bool>& is_signal) {
  double first = 0, pairs = 0;
  for (std::size_t s = 0; s < scores.size(); ++s)
    for (std::size_t b = 0; b < scores.size(); ++b) {
      if (!is_signal[s] || is_signal[b]) continue;
      ++pairs;
      first += scores[s] > scores[b] ? 1 : scores[s] == scores[b] ? 0.5 : 0;
    }
  return first / pairs;
}

}  // namespace

TEST_CASE("the area under a ROC curve is the chance that signal scores higher") {
  std::mt19937_64 random(GENERATE(1, 2, 3));
  const int levels = GENERATE(1, 2, 7, 1000000);  // few: many equal scores
  std::vector<double> scores;
  std::vector<bool> is_signal;
  for (int i = 0; i < 200; ++i) {
    is_signal.push_back(random() % 3 == 0);
    scores.push_back(static_cast<double>(random() % static_cast<unsigned>(levels)) +
                     (is_signal.back() ? levels / 4 : 0));
  }
  const auto roc = roc_curve(scores, is_signal);
  CHECK(roc.area == Approx(chance_of_signal_first(scores, is_signal)).epsilon(1e-12));
  // And the area under the points themselves.
  double area = 0;
  for (std::size_t i = 1; i < roc.signal_efficiency.size(); ++i) {
    const double width = roc.background_efficiency[i] - roc.background_efficiency[i - 1];
    CHECK(width >= 0);
    area += width * (roc.signal_efficiency[i] + roc.signal_efficiency[i - 1]) / 2;
  }
  CHECK(area == Approx(roc.area).epsilon(1e-12));
  CHECK(roc.signal_efficiency.front() == 0);
  CHECK(roc.background_efficiency.front() == 0);
  CHECK(roc.signal_efficiency.back() == 1);
  CHECK(roc.background_efficiency.back() == 1);
}

TEST_CASE("ROC curves of known scores") {
  CHECK(roc_curve({3, 2, 1, 0}, {true, true, false, false}).area == 1);
  CHECK(roc_curve({3, 2, 1, 0}, {false, false, true, true}).area == 0);
  CHECK(roc_curve({1, 1, 1}, {true, false, false}).area == 0.5);
  const double infinity = std::numeric_limits<double>::infinity();
  const auto roc = roc_curve({infinity, 2, 2, -infinity}, {true, true, false, false});
  CHECK(roc.area == 0.875);
  CHECK(roc.signal_efficiency == std::vector<double>{0, 0.5, 1, 1});
  CHECK(roc.background_efficiency == std::vector<double>{0, 0, 0.5, 1});
}

TEST_CASE("what has no ROC curve is refused") {
  CHECK_THROWS_WITH(roc_curve({1, 2}, {true}),
                    ContainsSubstring("[roc_curve] there are 2 scores of 1 events"));
  CHECK_THROWS_WITH(roc_curve({1, 2}, {true, true}), ContainsSubstring("no background"));
  CHECK_THROWS_WITH(roc_curve({1, 2}, {false, false}), ContainsSubstring("no signal"));
  CHECK_THROWS_WITH(roc_curve({}, {}), ContainsSubstring("no signal"));
  CHECK_THROWS_WITH(roc_curve({1, std::numeric_limits<double>::quiet_NaN()}, {true, false}),
                    ContainsSubstring("the score of event 1 is NaN"));
}
