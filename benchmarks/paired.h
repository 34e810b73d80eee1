#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

/// Statistics of ratios that were measured in pairs.
namespace benchmarks {

/// The fewest values that have an interval of 95 %.
constexpr std::size_t least_pairs = 6;

/// The median of what values were drawn from, and an interval that holds it with a probability of
/// `confidence`, whatever the distribution.
struct MedianEstimate {
  double median, low, high, confidence;
};

/// The interval is from the k-th least to the k-th largest value. The true median is outside where fewer than
/// k of n values are below it, or above it: with a probability of 2 P(B < k), B binomial of n and 1/2. k is
/// the largest one for which that is at most 5 % (David and Nagaraja, Order Statistics, 2003, section 7.1).
/// Throws std::invalid_argument for fewer than least_pairs values.
inline MedianEstimate estimate_median(std::vector<double> values) {
  const std::size_t n = values.size();
  if (n < least_pairs)
    throw std::invalid_argument("a median's interval needs at least " + std::to_string(least_pairs) +
                                " values, not " + std::to_string(n));
  std::sort(values.begin(), values.end());
  double term = std::pow(0.5, static_cast<double>(n)), below = term;  // P(B = k), P(B <= k)
  std::size_t k = 0;
  for (;;) {
    const double next = term * static_cast<double>(n - k) / static_cast<double>(k + 1);
    if (2 * (below + next) > 0.05) break;
    term = next;
    below += term;
    ++k;
  }
  return {(values[(n - 1) / 2] + values[n / 2]) / 2, values[k], values[n - 1 - k], 1 - 2 * below};
}

/// Times of two programs, and of the first over the second.
struct PairedTimes {
  MedianEstimate ratio;
  double least_first, least_second;
};

/// Of `pairs` pairs in turn, each of the two first every other time. Both return what they took.
template <class First, class Second>
PairedTimes times_in_turn(int pairs, const First& first, const Second& second) {
  std::vector<double> ratios;
  double least_first = 1e9, least_second = 1e9;
  for (int i = 0; i < pairs; ++i) {
    double a = 0, b = 0;
    i % 2 ? (b = second(), a = first()) : (a = first(), b = second());
    ratios.push_back(a / b);
    least_first = std::min(least_first, a);
    least_second = std::min(least_second, b);
  }
  return {estimate_median(ratios), least_first, least_second};
}

inline double geometric_mean(const std::vector<double>& values) {
  double logarithms = 0;
  for (double value : values) logarithms += std::log(value);
  return std::exp(logarithms / static_cast<double>(values.size()));
}

}  // namespace benchmarks
