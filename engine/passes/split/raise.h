#pragma once
#include "passes/split/step_plan.h"

namespace reel::passes {

/// Takes sums over the steps from behind a loop into it, with what is added up there: where the loop stores
/// more than it could write over what it reads for the last time, and reads something that only the sum reads
/// later. Of that the memory is free then, where `saving` says that it is worth something. Changes
/// `plan.loop_of`; returns whether it did.
bool raise(const Body& body, std::int64_t steps, const std::vector<Projection>& projected, Saving saving,
           StepPlan& plan);

}  // namespace reel::passes
