#pragma once
#include "met_limits.h"
#include "passes/simplify/simplify.h"

namespace reel::passes {

/// Of the values that one unroll keeps at every step for another, the derivative of it, as few bytes as
/// possible: what is cheap to compute again from others is. The smallest cut between what is there and what
/// is used, by bytes a step. For unrolls nested in a step, and for those of a whole tape. Adds to `met` where
/// there are too many nodes to choose among.
void cut_residuals(WantedStep& step, limits::Met& met);
void cut_residuals(Wanted& wanted, limits::Met& met);

}  // namespace reel::passes
