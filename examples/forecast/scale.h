#pragma once
#include <cstdint>

#include "series.h"

namespace forecast {

/// How many months ahead is forecast.
constexpr std::int64_t horizon = 6;

/// What is known of a series from the months before the first one that anything is tried on.
struct Scale {
  std::vector<double> climatology;  // of the twelve months
  double width = 1;                 // of the values about it
  std::vector<double> persisting;   // [horizon]: the share of a deviation that is left after so many months

  /// How far a month is from what its season makes expect, in units of the width.
  double deviation(const Series& series, std::size_t month) const {
    return (series.values[month] - climatology[month % 12]) / width;
  }
  /// The value of a month, of a series of that scale, with such a deviation.
  double value(double deviation, std::size_t month) const {
    return climatology[month % 12] + width * deviation;
  }
};

/// Of the months before month number `end`; what persists is fitted to them by least squares. Throws
/// reel::Error where every year was the same.
Scale scale_of(const Series& series, std::size_t end);

}  // namespace forecast
