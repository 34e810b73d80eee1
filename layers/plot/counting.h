#pragma once
#include <reel/plot.h>

namespace reel::plot {

/// The exponent of the power of ten that a positive value has its first digit at.
int exponent_of(double value);

/// The magnitude of the end of a range that is farther from zero.
double magnitude_of(const AxisRange& range);

/// How the numbers at the ticks of an axis are kept short: they tell by how many powers of ten a value lies
/// beyond an origin.
struct Counting {
  double origin = 0;
  int power = 0;
};

/// That of an axis which shows a range: from zero and by ones, unless the numbers were long so. On an axis of
/// whole numbers the origin is one of them.
Counting counting_of(const AxisRange& range, bool whole_numbers);

/// The number at a tick that lies `distance` beyond the origin, to the digit at a power of ten.
std::string number_at(double distance, int last_digit, const Counting& counting);

/// What an axis shows, and in what unit, as it is counted; `name` stands for an axis without a label where
/// the origin has to be told.
std::string label_of(const Axis& axis, const std::string& name, const Counting& counting);

}  // namespace reel::plot
