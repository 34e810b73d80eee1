#pragma once
#include "met_limits.h"
#include "passes/simplify/simplify.h"
#include "passes/split/step_plan.h"

namespace reel::passes {

/// A copy of what is live in which unrolls hold no more than what truly recurs: each cycle through carries is
/// an unroll of its own (small ones of maps share one), what does not vary is computed once, the rest for all
/// steps at once. Unrolls nested in others come first. An unroll that recomputes or has effects stays whole.
/// Adds to `met` where there is no room for an axis of time.
Wanted split(const Tape& tape, const std::vector<NodeId>& outputs, const SplitOptions& options,
             limits::Met& met);

}  // namespace reel::passes
