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

inline double geometric_mean(const std::vector<double>& values) {
  double logarithms = 0;
  for (double value : values) logarithms += std::log(value);
  return std::exp(logarithms / static_cast<double>(values.size()));
}

}  // namespace benchmarks
