#pragma once
/// @cond
/// @file
/// Axes of several values, walked along together.
#include <cstdint>
#include <vector>

#include "visibility.h"

namespace REEL_PUBLIC reel {

/// An axis that several values are walked along together, and the stride of each: 0 in one that is the same
/// all along it.
struct JointAxis {
  std::int64_t extent;                ///< How many positions there are.
  std::vector<std::int64_t> strides;  ///< From a position to the next, for each value.

  /// Whether in all values the positions of the axis behind this one go on where a step along this one ends.
  bool continues_in(const JointAxis& next) const {
    for (std::size_t i = 0; i < strides.size(); ++i)
      if (strides[i] != next.strides[i] * next.extent) return false;
    return true;
  }
};
/// Axes, the outermost first.
using JointAxes = std::vector<JointAxis>;

/// Puts an axis behind others, outermost first, by as few as will do: one of extent 1 is left out, and one
/// that the last continues in becomes one with it. An `Axis` has an `extent` and says whether it
/// `continues_in` another.
template <class Axis>
void append_collapsed(std::vector<Axis>& axes, Axis next) {
  if (next.extent == 1) return;
  if (axes.empty() || !axes.back().continues_in(next)) {
    axes.push_back(std::move(next));
    return;
  }
  next.extent *= axes.back().extent;
  axes.back() = std::move(next);
}

/// The same positions in the same order by as few axes as will do.
template <class Axis>
std::vector<Axis> collapsed(const std::vector<Axis>& axes) {
  std::vector<Axis> result;
  for (const auto& axis : axes) append_collapsed(result, axis);
  return result;
}

/// How many positions there are.
template <class Axis>
std::int64_t count_of(const std::vector<Axis>& axes) {
  std::int64_t count = 1;
  for (const auto& axis : axes) count *= axis.extent;
  return count;
}

}  // namespace reel
/// @endcond
