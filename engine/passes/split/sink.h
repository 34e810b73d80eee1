#pragma once
#include "met_limits.h"
#include "passes/split/step_groups.h"

namespace reel::passes {

/// Takes maps that nobody but a loop reads, before it, into the loop where fewer bytes are then stored of all
/// steps for it: the smallest cut between what is there and what the loop reads. `is_result`: values wanted
/// outside of the loop. `loop_of`: the loop of each value, -1 where it is outside. Adds to `met` where there
/// are too many nodes to choose among.
void sink(const Body& body, const StepGroups& groups, const std::vector<bool>& is_result,
          std::vector<std::int32_t>& loop_of, limits::Met& met);

}  // namespace reel::passes
