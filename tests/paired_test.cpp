// The statistics of the benchmarks' comparisons.

#include "../benchmarks/paired.h"

#include <random>

#include "catch.h"

using namespace benchmarks;

namespace {

std::vector<double> one_to(int n) {
  std::vector<double> values;
  for (int i = n; i >= 1; --i) values.push_back(i);
  return values;
}

}  // namespace

TEST_CASE("the interval of a median is that of the tables of order statistics") {
  struct Known {
    int n;
    double low, high, confidence;
  };
  // For these numbers of values: the ranks, and the probability that the median is between them.
  for (const auto& known : {Known{6, 1, 6, 0.96875}, Known{8, 1, 8, 0.9921875}, Known{9, 2, 8, 0.9609375},
                            Known{15, 4, 12, 0.96484375}, Known{20, 6, 15, 0.95861053466796875}}) {
    const auto estimate = estimate_median(one_to(known.n));
    INFO(known.n << " values");
    CHECK(estimate.median == (known.n + 1) / 2.0);
    CHECK(estimate.low == known.low);
    CHECK(estimate.high == known.high);
    CHECK(estimate.confidence == Approx(known.confidence).epsilon(1e-12));
  }
  CHECK_THROWS_AS(estimate_median(one_to(5)), std::invalid_argument);
}

TEST_CASE("the interval of a median holds it as often as it says, of a lopsided distribution too") {
  std::mt19937_64 random(1);
  std::exponential_distribution<double> draw;
  constexpr int rounds = 20000;
  int inside = 0;
  for (int round = 0; round < rounds; ++round) {
    std::vector<double> values(15);
    for (auto& value : values) value = draw(random);
    const auto estimate = estimate_median(values);
    inside += estimate.low <= std::log(2) && std::log(2) <= estimate.high;
  }
  CHECK(static_cast<double>(inside) / rounds == Approx(0.965).margin(0.006));
}

TEST_CASE("the geometric mean of a ratio and its inverse is one") {
  CHECK(geometric_mean({4, 0.25}) == Approx(1));
  CHECK(geometric_mean({1, 2, 4}) == Approx(2));
}
