#pragma once
#include <reel/plot.h>

namespace reel::plot {

/// Whether the ends of a range are so close that no numbers at ticks could tell one from the other.
bool is_one_value(const AxisRange& range);

/// How an axis is shown.
struct Scale {
  std::optional<AxisRange> range;  // otherwise from one tick to another around the points
  std::vector<double> ticks;       // empty where gnuplot chooses them
  bool by_ones = false;            // there is a tick at each whole number
  int digits = 6;                  // significant ones of the numbers at the ticks
};

/// The scale of an axis whose points lie in `extent`; it ends where they do if `ends_with_them`, where there
/// is more than one value.
Scale scale_of(const Axis& axis, const AxisRange& extent, bool ends_with_them);

}  // namespace reel::plot
