#include "scale.h"

#include <algorithm>
#include <cmath>

#include "points.h"

namespace reel::plot {

namespace {

double magnitude_of(const AxisRange& range) { return std::max(std::abs(range.low), std::abs(range.high)); }

/// A range around what is one value.
AxisRange around(const AxisRange& range, bool whole_numbers) {
  constexpr double share = 0.05, least = 1e-290;
  const double magnitude = magnitude_of(range);
  const double wide = share * magnitude;
  const double margin = whole_numbers ? std::max(1.0, std::ceil(wide)) : magnitude < least ? 1 : wide;
  return {range.low - margin, range.high + margin};
}

/// As many as tell apart ticks that are a tenth of the range or more from each other.
int digits_of(const AxisRange& range) {
  const double share = magnitude_of(range) / (range.high - range.low);
  return std::clamp(static_cast<int>(std::ceil(std::log10(share))) + 3, 6, 15);
}

/// 1, 2 and 5 times powers of ten, from the last up to `extent` to the first beyond it.
std::vector<double> round_numbers_around(const AxisRange& extent) {
  constexpr double rounding = 1e-12;
  const auto power_below = [](double value) { return static_cast<int>(std::floor(std::log10(value))); };
  std::vector<double> numbers;
  for (int power = power_below(extent.low) - 1; power <= power_below(extent.high) + 1; ++power)
    for (const double first : {1.0, 2.0, 5.0}) {
      const double number = first * std::pow(10.0, power);
      if (number <= extent.low * (1 + rounding)) numbers.clear();
      numbers.push_back(number);
      if (number >= extent.high * (1 - rounding) && numbers.size() > 1) return numbers;
    }
  return numbers;
}

Scale logarithmic_scale_of(const Axis& axis, const AxisRange& extent) {
  constexpr double most_decades_with_each_tick = 3;
  const auto numbers = round_numbers_around(axis.range.value_or(extent));
  const auto shown = axis.range.value_or(AxisRange{numbers.front(), numbers.back()});
  Scale scale{shown, {}, false, digits_of(shown)};
  const auto is_shown = [&](double number) { return number >= shown.low && number <= shown.high; };
  if (std::count_if(numbers.begin(), numbers.end(), is_shown) < 2)
    scale.ticks = {shown.low, shown.high};
  else if (std::log10(shown.high) - std::log10(shown.low) <= most_decades_with_each_tick)
    scale.ticks = numbers;
  return scale;
}

}  // namespace

bool is_one_value(const AxisRange& range) {
  constexpr double least_share = 1e-9;
  return range.high - range.low <= std::max(least_share * magnitude_of(range), smallest);
}

Scale scale_of(const Axis& axis, const AxisRange& extent, bool ends_with_them) {
  if (axis.logarithmic) return logarithmic_scale_of(axis, extent);
  Scale scale;
  if (axis.range)
    scale.range = axis.range;
  else if (is_one_value(extent))
    scale.range = around(extent, axis.whole_numbers);
  else if (ends_with_them)
    scale.range = extent;
  const auto shown = scale.range.value_or(extent);
  constexpr double most_ones = 12;
  scale.by_ones = axis.whole_numbers && shown.high - shown.low <= most_ones;
  scale.digits = digits_of(shown);
  return scale;
}

}  // namespace reel::plot
