#pragma once
#include "passes/simplify/simplify.h"

namespace reel {

/// Of the values that one unroll keeps at every step for another, the derivative of it, as few bytes as
/// possible: what is cheap to compute again from others is. The smallest cut between what is there and what
/// is used, by bytes a step. For unrolls nested in a step, and for those of a whole tape.
void cut_residuals(WantedStep& step);
void cut_residuals(Wanted& wanted);

}  // namespace reel
