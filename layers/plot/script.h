#pragma once
#include <reel/plot.h>

#include "memory_file.h"
#include "points.h"

namespace reel::plot {

/// Writes the commands with which gnuplot draws a picture that was checked, and whose curves have these
/// points. Returns which curve each of the parts that gnuplot numbers belongs to, in their order: a line with
/// points that stand alone has two. Throws Error where the file takes no more.
std::vector<std::size_t> write_script(const MemoryFile& file, const Picture& picture,
                                      const std::vector<Points>& curves);

}  // namespace reel::plot
