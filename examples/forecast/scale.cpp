#include "scale.h"

#include <reel/error.h>

#include <algorithm>
#include <cmath>

namespace forecast {

namespace {

/// The share of each month's deviation that makes the least squared error for those `ahead` months later.
double share_left(const Series& series, const Scale& scale, std::size_t end, std::size_t ahead) {
  double products = 0, squares = 0;
  for (std::size_t month = 0; month + ahead < end; ++month) {
    const double deviation = scale.deviation(series, month);
    products += deviation * scale.deviation(series, month + ahead);
    squares += deviation * deviation;
  }
  return products / squares;
}

}  // namespace

Scale scale_of(const Series& series, std::size_t end) {
  Scale scale{monthly_means(series, end), 1, {}};
  double squares = 0, largest = 0;
  for (std::size_t month = 0; month < end; ++month) {
    squares += std::pow(scale.deviation(series, month), 2);
    largest = std::max(largest, std::abs(series.values[month]));
  }
  scale.width = std::sqrt(squares / static_cast<double>(end));
  constexpr double rounding = 1e-12;
  if (!(scale.width > rounding * largest))
    throw reel::Error("each year of training is like the others: nothing is left to forecast");
  for (std::size_t ahead = 1; ahead <= static_cast<std::size_t>(horizon); ++ahead)
    scale.persisting.push_back(share_left(series, scale, end, ahead));
  return scale;
}

}  // namespace forecast
