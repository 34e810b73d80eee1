#pragma once
#include <string>

#include "memory_file.h"

namespace reel::plot {

/// What gnuplot, run by itself on the commands in a file, writes to its standard output. Throws Error where
/// it cannot be started, fails, is ended by a signal, or complains of anything, and says what it said.
std::string output_of_gnuplot(const MemoryFile& commands);

}  // namespace reel::plot
