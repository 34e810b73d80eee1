#pragma once
#include "passes/split/step_groups.h"

namespace reel::passes {

/// What of the values before a loop is better computed in it, at every step: cheap maps of what is read
/// anyway, or of no more bytes than their result. Gives the loop of each such value, -1 for all others.
/// `is_result`: values wanted outside of the loop.
std::vector<std::int32_t> find_sunk(const Body& body, const StepGroups& groups,
                                    const std::vector<bool>& is_result);

}  // namespace reel::passes
