#include <reel/error.h>
#include <reel/roc.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "catch.h"

using namespace reel;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Events {
  std::vector<double> scores;
  std::vector<bool> is_signal;
};

/// Signal tends to higher scores. With few `levels` many scores are equal.
Events random_events(std::uint64_t seed, std::size_t count, int levels) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Events events;
  for (std::size_t i = 0; i < count; ++i) {
    // The first two make sure of both classes.
    events.is_signal.push_back(i < 2 ? i == 0 : random() % 3 == 0);
    events.scores.push_back(std::round(levels * (normal(random) + (events.is_signal[i] ? 0.8 : 0))) / levels);
  }
  return events;
}

/// Its definition: over all pairs of an event of signal and one of background.
double probability_of_order(const Events& events) {
  double ordered = 0, pairs = 0;
  for (std::size_t s = 0; s < events.scores.size(); ++s)
    for (std::size_t b = 0; b < events.scores.size(); ++b) {
      if (!events.is_signal[s] || events.is_signal[b]) continue;
      const double difference = events.scores[s] - events.scores[b];
      ordered += difference > 0 ? 1 : difference == 0 ? 0.5 : 0;
      ++pairs;
    }
  return ordered / pairs;
}

/// The share of the events of a class whose score is `threshold` or more.
double share_that_passes(const Events& events, bool signal, double threshold) {
  double passed = 0, all = 0;
  for (std::size_t i = 0; i < events.scores.size(); ++i) {
    if (events.is_signal[i] != signal) continue;
    ++all;
    if (events.scores[i] >= threshold) ++passed;
  }
  return passed / all;
}

}  // namespace

TEST_CASE("the area beneath a ROC curve is the probability that signal scores higher", "[kit][roc]") {
  const auto levels = GENERATE(1, 2, 10, 1000000);
  const auto seed = GENERATE(1, 2, 3);
  const auto events = random_events(static_cast<std::uint64_t>(seed), 300, levels);
  CAPTURE(levels, seed);
  CHECK(roc_curve(events.scores, events.is_signal).area ==
        Approx(probability_of_order(events)).epsilon(1e-12));
}

TEST_CASE("each point of a ROC curve is what passes its threshold", "[kit][roc]") {
  const auto events = random_events(4, 200, GENERATE(2, 1000000));
  const auto curve = roc_curve(events.scores, events.is_signal);
  auto distinct = events.scores;
  std::sort(distinct.begin(), distinct.end(), std::greater<>());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  distinct.insert(distinct.begin(), infinity);
  REQUIRE(curve.thresholds == distinct);
  REQUIRE(curve.false_positive_rates.size() == distinct.size());
  REQUIRE(curve.true_positive_rates.size() == distinct.size());
  for (std::size_t i = 0; i < distinct.size(); ++i) {
    CHECK(curve.false_positive_rates[i] == share_that_passes(events, false, distinct[i]));
    CHECK(curve.true_positive_rates[i] == share_that_passes(events, true, distinct[i]));
  }
  CHECK(curve.false_positive_rates.back() == 1);
  CHECK(curve.true_positive_rates.back() == 1);
}

TEST_CASE("ROC curves that are known", "[kit][roc]") {
  using Rates = std::vector<double>;
  SECTION("all in order") {
    const auto curve = roc_curve({0.9, 0.8, 0.2, 0.1}, {true, true, false, false});
    CHECK(curve.area == 1);
    CHECK(curve.false_positive_rates == Rates{0, 0, 0, 0.5, 1});
    CHECK(curve.true_positive_rates == Rates{0, 0.5, 1, 1, 1});
  }
  SECTION("all in the wrong order") { CHECK(roc_curve({1, 2}, {true, false}).area == 0); }
  SECTION("equal scores are one step") {
    const auto curve = roc_curve({7, 7, 7, 7, 7}, {true, false, true, false, false});
    CHECK(curve.area == 0.5);
    CHECK(curve.false_positive_rates == Rates{0, 1});
    CHECK(curve.true_positive_rates == Rates{0, 1});
  }
  SECTION("infinite scores, and zeros of both signs, have an order too") {
    const auto curve = roc_curve({infinity, -infinity, 0.0, -0.0}, {true, false, true, false});
    CHECK(curve.area == 0.875);
    CHECK(curve.thresholds == Rates{infinity, infinity, 0, -infinity});
  }
}

TEST_CASE("a ROC curve of what has none is refused", "[kit][roc]") {
  CHECK_THROWS_WITH(roc_curve({1, 2, 3}, {true, false}),
                    "[roc_curve] there are 3 scores, but classes of 2 events");
  CHECK_THROWS_WITH(roc_curve({1, std::nan("")}, {true, false}), "[roc_curve] the score of event 1 is NaN");
  CHECK_THROWS_WITH(roc_curve({1, 2}, {true, true}), ContainsSubstring("2 of signal and 0 of background"));
  CHECK_THROWS_WITH(roc_curve({1}, {false}), ContainsSubstring("0 of signal and 1 of background"));
  CHECK_THROWS_AS(roc_curve({}, {}), Error);
}
