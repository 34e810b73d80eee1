#pragma once
#include <string>
#include <vector>

namespace reel::limits {

/// Which of the limits in search_limits.h were met as a program was made: a line each.
using Met = std::vector<std::string>;

/// "limit: ..." on lines of their own, each once.
std::string to_string(const Met& met);

}  // namespace reel::limits
