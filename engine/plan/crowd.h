#pragma once
#include "met_limits.h"
#include "search_limits.h"

namespace reel::plan {

/// Tells where more stand in one buffer than each is compared with all others.
class Crowd {
 public:
  explicit Crowd(limits::Met& met) : met_(met) {}

  /// The first time that there are too many it is noted.
  bool is_too_large(std::size_t count) {
    if (count <= limits::most_in_a_buffer) return false;
    if (!is_noted_)
      met_.push_back("where more than " + std::to_string(limits::most_in_a_buffer) +
                     " values, what a loop's steps read or parts of a value stand in one buffer, memory to "
                     "write over is not looked for among them, or only as a whole");
    is_noted_ = true;
    return true;
  }

 private:
  limits::Met& met_;
  bool is_noted_ = false;
};

}  // namespace reel::plan
