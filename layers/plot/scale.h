#pragma once
#include <reel/plot.h>

#include "counting.h"

namespace reel::plot {

/// Whether the ends of a range are no further apart than numbers are rounded.
bool is_one_value(const AxisRange& range);

/// A place along an axis, as a share of its length, and what stands there; at small ticks nothing.
struct Tick {
  double place;
  std::string number;
};

/// How an axis is shown.
struct Scale {
  Counting counting;
  AxisRange range{0, 1};  // the distances of its ends from the origin
  bool logarithmic = false;
  std::vector<Tick> ticks;

  /// Where a value is along the axis: at 0 at its low end and at 1 at its high one. What is beyond 10000 of
  /// its lengths is there.
  double place_of(double value) const;
};

/// What an axis has for its ticks.
struct Room {
  double pixels;     // its length
  bool is_sideways;  // its numbers stand beside each other, and not above
};

/// The scale of an axis whose points lie in `extent`; it ends where they do if `ends_with_them`, where there
/// is more than one value, and otherwise at ticks. It has as many ticks as are of use and as there is room
/// for, each with another number.
Scale scale_of(const Axis& axis, const AxisRange& extent, bool ends_with_them, const Room& room);

}  // namespace reel::plot
