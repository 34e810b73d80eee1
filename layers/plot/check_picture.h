#pragma once
#include <reel/plot.h>

#include "points.h"

namespace reel::plot {

/// Throws Error, which begins with `place`, for what draw() refuses of a picture by itself; otherwise the
/// points of each of its curves.
std::vector<Points> checked_points(const Picture& picture, const std::string& place);

}  // namespace reel::plot
