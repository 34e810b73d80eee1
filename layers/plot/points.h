#pragma once
#include <reel/plot.h>

namespace reel::plot {

/// What is drawn of one position of a curve. In a gap all three are NaN.
struct Point {
  double x, y, upper;  // but in a band `upper` is `y`

  bool is_gap() const { return x != x; }
};

using Points = std::vector<Point>;

/// Far enough from the largest number and the smallest that gnuplot reckons with them: magnitudes that are
/// drawn go up to the one, and on logarithmic axes down to the other.
constexpr double largest = 1e300, smallest = 1e-300;

/// The points of a curve, which has as many of each coordinate, between the axes of `picture`.
Points points_of(const Picture& picture, const Curve& curve);

/// Those that stand alone between gaps, where a line has no length, with gaps between them.
Points lone(const Points& points);

bool has_points(const Points& points);

/// Where the points of curves are.
struct Extent {
  AxisRange x, y;
  bool is_beside = false;  // they are all outside the ranges that the axes are given
};

/// That of the points within the ranges that the axes of `picture` are given, or of all where there are none.
Extent extent_of(const Picture& picture, const std::vector<Points>& curves);

}  // namespace reel::plot
