#include "counting.h"

#include <algorithm>
#include <cmath>
#include <iomanip>

#include "number_text.h"

namespace reel::plot {

namespace {

/// Whether numbers of this magnitude are written without an exponent.
bool is_plain(double magnitude) {
  constexpr double least = 1e-3, beyond_most = 1e7;
  return magnitude == 0 || (magnitude >= least && magnitude < beyond_most);
}

/// As many significant digits as a decimal number keeps in a double.
constexpr int digits = 15;

}  // namespace

int exponent_of(double value) { return static_cast<int>(std::floor(std::log10(value))); }

double magnitude_of(const AxisRange& range) { return std::max(std::abs(range.low), std::abs(range.high)); }

Counting counting_of(const AxisRange& range, bool whole_numbers) {
  constexpr double most_plain = 1e5, most_with_exponent = 1e3;
  const double magnitude = magnitude_of(range), spread = range.high - range.low;
  Counting counting;
  if (magnitude / spread >= (is_plain(magnitude) ? most_plain : most_with_exponent)) {
    // The digits that both ends have in common, or nearly so.
    int last = std::max(exponent_of(spread) + 1, exponent_of(magnitude) + 1 - digits);
    if (whole_numbers) last = std::max(last, 0);
    const double nearest = std::abs(range.low) < std::abs(range.high) ? range.low : range.high;
    const double unit = std::pow(10.0, last);
    counting.origin = std::trunc(nearest / unit) * unit;
  }
  const double left = magnitude_of({range.low - counting.origin, range.high - counting.origin});
  // Ticks at whole numbers are ones apart or more.
  if (!is_plain(left)) counting.power = whole_numbers ? std::max(exponent_of(left), 0) : exponent_of(left);
  return counting;
}

std::string number_at(double distance, int last_digit, const Counting& counting) {
  const int decimals = std::max(0, counting.power - last_digit);
  auto number = text_of([&](auto& text) {
    text << std::fixed << std::setprecision(decimals) << distance / std::pow(10.0, counting.power);
  });
  if (decimals == 0) return number;
  number.erase(number.find_last_not_of('0') + 1);
  if (number.back() == '.') number.pop_back();
  return number;
}

std::string label_of(const Axis& axis, const std::string& name, const Counting& counting) {
  auto label = axis.label;
  if (counting.origin != 0) {
    if (label.empty()) label = name;
    label += text_of([&](auto& text) {
      text << (counting.origin < 0 ? " + " : " - ") << std::setprecision(digits) << std::abs(counting.origin);
    });
  }
  auto unit = counting.power == 0 ? "" : "1e" + std::to_string(counting.power);
  if (!axis.unit.empty()) unit += (unit.empty() ? "" : " ") + axis.unit;
  if (!unit.empty()) label += (label.empty() ? "(" : " (") + unit + ')';
  return label;
}

}  // namespace reel::plot
