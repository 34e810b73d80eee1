#pragma once
#include <reel/compile_options.h>

#include "met_limits.h"
#include "passes/simplify/simplify.h"

namespace reel::passes {

/// Of the values that one unroll keeps at every step for another, the derivative of it, those that are
/// cheapest: what costs less to compute again from others is. The smallest cut between what is there and
/// what is used, by what `saving` says is to be saved. For unrolls nested in a step, and for those of a whole
/// tape. Adds to `met` where there are too many nodes to choose among.
void cut_residuals(WantedStep& step, Saving saving, limits::Met& met);
void cut_residuals(Wanted& wanted, Saving saving, limits::Met& met);

}  // namespace reel::passes
