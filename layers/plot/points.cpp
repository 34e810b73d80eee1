#include "points.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace reel::plot {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Point gap{nan, nan, nan};

bool is_drawable(double value, const Axis& axis) {
  return std::abs(value) <= largest && (!axis.logarithmic || value >= smallest);
}

bool is_within(const Point& point, const Picture& picture) {
  const auto meets = [](const Axis& axis, double a, double b) {
    return !axis.range || (std::min(a, b) <= axis.range->high && std::max(a, b) >= axis.range->low);
  };
  return meets(picture.x, point.x, point.x) && meets(picture.y, point.y, point.upper);
}

void widen(AxisRange& range, double value) {
  range.low = std::min(range.low, value);
  range.high = std::max(range.high, value);
}

}  // namespace

Points points_of(const Picture& picture, const Curve& curve) {
  Points points;
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    const double x = curve.x[i], y = curve.y[i];
    const double upper = curve.style == CurveStyle::band ? curve.upper[i] : y;
    const bool is_drawn =
        is_drawable(x, picture.x) && is_drawable(y, picture.y) && is_drawable(upper, picture.y);
    points.push_back(is_drawn ? Point{x, y, upper} : gap);
  }
  return points;
}

Points lone(const Points& points) {
  Points alone;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const bool follows_gap = i == 0 || points[i - 1].is_gap();
    const bool leads_gap = i + 1 == points.size() || points[i + 1].is_gap();
    if (points[i].is_gap() || !follows_gap || !leads_gap) continue;
    if (!alone.empty()) alone.push_back(gap);
    alone.push_back(points[i]);
  }
  return alone;
}

bool has_points(const Points& points) {
  return std::any_of(points.begin(), points.end(), [](const Point& point) { return !point.is_gap(); });
}

Extent extent_of(const Picture& picture, const std::vector<Points>& curves) {
  const auto extent = [&](bool of_all) {
    Extent found{{infinity, -infinity}, {infinity, -infinity}, of_all};
    for (const auto& points : curves)
      for (const auto& point : points) {
        if (point.is_gap() || !(of_all || is_within(point, picture))) continue;
        widen(found.x, point.x);
        widen(found.y, point.y);
        widen(found.y, point.upper);
      }
    return found;
  };
  const auto within = extent(false);
  return within.x.low <= within.x.high ? within : extent(true);
}

}  // namespace reel::plot
