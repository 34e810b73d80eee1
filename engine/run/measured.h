#pragma once
#include <functional>
#include <vector>

#include <reel/program.h>

#include "plan/plan.h"

namespace reel {

/// How long a piece of work took in all runs together.
struct WorkTime {
  double seconds = 0, waiting = 0;
  std::int64_t calls = 0;
};

/// Where the time of a plan goes. `run` is called once, then `runs` times with `times` set: it notes there
/// how long each piece of work takes.
Profile measured(const plan::Plan& plan, int runs, std::vector<WorkTime>*& times,
                 const std::function<void()>& run);

}  // namespace reel
