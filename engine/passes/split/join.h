#pragma once
#include "passes/split/step_groups.h"

namespace reel::passes {

/// Makes one loop of loops of maps that know nothing of one another, where all that they compute in all steps
/// is in the nearest cache together: much of it is then computed in one pass. (Loops with products stay
/// apart: that was faster as often as slower.) `loop_of`: the loop of each value, -1 where it is outside.
void join_loops(const Body& body, std::int64_t steps, const StepGroups& groups,
                std::vector<std::int32_t>& loop_of);

}  // namespace reel::passes
