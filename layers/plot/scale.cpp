#include "scale.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <limits>

#include "number_text.h"
#include "points.h"

namespace reel::plot {

namespace {

/// Below it numbers, and steps between them, are no longer exact.
constexpr double least_spread = 1e-305;

/// A range around what is one value.
AxisRange around(const AxisRange& range, bool whole_numbers) {
  constexpr double share = 0.05;
  const double wide = share * magnitude_of(range);
  const double margin = whole_numbers ? std::max(1.0, std::ceil(wide)) : wide > least_spread ? wide : 1;
  return {range.low - margin, range.high + margin};
}

/// The logarithm of a ratio, true also where it is close to 1, or beyond the largest number.
double logarithm(double value, double to) {
  const double ratio = value / to;
  return ratio > 0.5 && ratio < 2 ? std::log1p((value - to) / to) : std::log(value) - std::log(to);
}

/// Of what is so far from the origin.
double place_at(const Scale& scale, double distance) {
  // gnuplot counts in hundredths of a pixel, and loses lines where they are too many for its whole numbers.
  constexpr double farthest = 1e4;
  const auto [low, high] = scale.range;
  const double origin = scale.counting.origin;
  const double place =
      scale.logarithmic ? logarithm(origin + distance, origin + low) / logarithm(origin + high, origin + low)
                        : (distance - low) / (high - low);
  return std::clamp(place, -farthest, farthest);
}

/// Whether a place is between the ends, or at them but for rounding.
bool is_on_axis(double place) {
  constexpr double rounding = 1e-6;
  return place >= -rounding && place <= 1 + rounding;
}

/// Whether the numbers at the ticks stand apart from each other.
bool fits(const std::vector<Tick>& ticks, const Room& room) {
  constexpr double letter = 8.5, line = 17;
  const Tick* before = nullptr;
  for (const auto& tick : ticks) {
    if (tick.number.empty()) continue;
    // Between two is the room of two letters.
    const auto letters = [&] { return static_cast<double>(before->number.size() + tick.number.size()); };
    if (before &&
        (tick.place - before->place) * room.pixels < (room.is_sideways ? letter * (letters() / 2 + 2) : line))
      return false;
    before = &tick;
  }
  return true;
}

/// 1, 2 or 5 times a power of ten.
struct Step {
  int first, power;

  double size() const { return first * std::pow(10.0, power); }
  Step next() const { return first == 1 ? Step{2, power} : first == 2 ? Step{5, power} : Step{1, power + 1}; }
};

/// The multiples of a step from the first beyond the low end of a range, or else the last before it, to the
/// one that stands so to its high end.
std::pair<std::int64_t, std::int64_t> multiples(const AxisRange& range, double step, bool within) {
  constexpr double rounding = 1e-9;
  const auto rounded = [&](double value, bool up) {
    return static_cast<std::int64_t>(up ? std::ceil(value - rounding) : std::floor(value + rounding));
  };
  return {rounded(range.low / step, within), rounded(range.high / step, !within)};
}

/// With a tick at each step; the range is widened to the next ones unless it is `fixed`.
Scale with_steps(Scale scale, const Step& step, bool fixed) {
  const double size = step.size();
  if (!fixed) {
    const auto [first, last] = multiples(scale.range, size, false);
    const double low = static_cast<double>(first) * size;
    if (!scale.logarithmic || scale.counting.origin + low > 0)
      scale.range.low = std::min(scale.range.low, low);
    // Both are one number where the range is that narrow beside the step.
    const double high = static_cast<double>(std::max(last, first + 1)) * size;
    scale.range.high = std::max(scale.range.high, high);
  }
  const auto [first, last] = multiples(scale.range, size, true);
  for (auto i = first; i <= last; ++i) {
    const double distance = static_cast<double>(i) * size, place = place_at(scale, distance);
    // It may be rounded to one far beyond what is narrow beside the step.
    if (is_on_axis(place)) scale.ticks.push_back({place, number_at(distance, step.power, scale.counting)});
  }
  return scale;
}

/// With ticks at equal steps, as close as they may be.
Scale linear_scale_of(const Axis& axis, const AxisRange& shown, bool fixed, const Room& room) {
  constexpr std::size_t most_ticks = 13;
  Scale scale;
  scale.logarithmic = axis.logarithmic;
  scale.counting = counting_of(shown, axis.whole_numbers);
  scale.range = {shown.low - scale.counting.origin, shown.high - scale.counting.origin};
  Step step{1, exponent_of(shown.high - shown.low) - 1};
  if (axis.whole_numbers && step.power < 0) step.power = 0;
  for (;; step = step.next()) {
    auto tried = with_steps(scale, step, fixed);
    if (tried.ticks.size() <= most_ticks && fits(tried.ticks, room)) return tried;
  }
}

/// 1, 2 and 5 times powers of ten, from the last up to `extent` to the first beyond it.
std::vector<double> round_numbers_around(const AxisRange& extent) {
  constexpr double rounding = 1e-12;
  std::vector<double> numbers;
  for (Step step{1, exponent_of(extent.low) - 1};; step = step.next()) {
    const double number = step.size();
    if (number <= extent.low * (1 + rounding)) numbers.clear();
    numbers.push_back(number);
    if (number >= extent.high * (1 - rounding) && numbers.size() > 1) return numbers;
  }
}

std::string round_number(double value) {
  return text_of([&](auto& text) { text << std::setprecision(6) << value; });
}

/// With a tick at each of `numbers` that is within its range.
Scale with_ticks(Scale scale, const std::vector<double>& numbers) {
  for (const double number : numbers)
    if (const double place = place_at(scale, number); is_on_axis(place))
      scale.ticks.push_back({place, round_number(number)});
  return scale;
}

/// With a tick at each power of ten whose exponent is a multiple of `decades`, and where it is 1 small ones
/// between them.
Scale with_powers(Scale scale, int decades) {
  const auto [low, high] = scale.range;
  for (int power = exponent_of(low); power <= exponent_of(high) + 1; ++power)
    for (int first = 1; first <= (decades == 1 ? 9 : 1); ++first) {
      const double number = first * std::pow(10.0, power);
      if (power % decades != 0 || number < low || number > high) continue;
      scale.ticks.push_back({place_at(scale, number), first == 1 ? round_number(number) : ""});
    }
  return scale;
}

/// With ticks at round numbers, as close as they may be.
Scale logarithmic_scale_of(const AxisRange& shown, const std::vector<double>& numbers, const Room& room) {
  constexpr double most_decades_with_each_tick = 3;
  constexpr std::size_t most_powers = 10;
  Scale scale;
  scale.logarithmic = true;
  scale.range = shown;
  if (std::log10(shown.high) - std::log10(shown.low) <= most_decades_with_each_tick)
    if (auto all = with_ticks(scale, numbers); fits(all.ticks, room)) return all;
  for (Step decades{1, 0};; decades = decades.next()) {
    auto tried = with_powers(scale, static_cast<int>(decades.size()));
    const auto is_large = [](const Tick& tick) { return !tick.number.empty(); };
    const auto count = std::count_if(tried.ticks.begin(), tried.ticks.end(), is_large);
    if (static_cast<std::size_t>(count) <= most_powers && fits(tried.ticks, room)) return tried;
  }
}

}  // namespace

bool is_one_value(const AxisRange& range) {
  constexpr double least_share = 4 * std::numeric_limits<double>::epsilon();
  return range.high - range.low <= std::max(least_share * magnitude_of(range), least_spread);
}

double Scale::place_of(double value) const { return place_at(*this, value - counting.origin); }

Scale scale_of(const Axis& axis, const AxisRange& extent, bool ends_with_them, const Room& room) {
  const bool is_one = !axis.range && is_one_value(extent);
  if (axis.logarithmic && !is_one) {
    const auto numbers = round_numbers_around(axis.range.value_or(extent));
    const auto is_within = [&, shown = axis.range.value_or(extent)](double number) {
      return number >= shown.low && number <= shown.high;
    };
    // Where it has fewer it is much like a linear one.
    if (std::count_if(numbers.begin(), numbers.end(), is_within) >= 2)
      return logarithmic_scale_of(axis.range.value_or(AxisRange{numbers.front(), numbers.back()}), numbers,
                                  room);
  }
  if (is_one)
    return linear_scale_of(axis, around(extent, axis.whole_numbers && !axis.logarithmic), true, room);
  return linear_scale_of(axis, axis.range.value_or(extent), axis.range || ends_with_them, room);
}

}  // namespace reel::plot
