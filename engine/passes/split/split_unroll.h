#pragma once
#include <map>

#include "passes/split/step_plan.h"

namespace reel::passes {

/// Projections of an unroll, and for each its node on the tape around.
using Projected = std::map<Projection, NodeId>;

/// Records on `tape`, instead of one unroll of `operands`, what computes the same with as little as possible
/// in loops, and fills in `projected`. Adds to `met` where there are too many to choose among.
void split_unroll(Tape& tape, const UnrollNode& unroll, const std::vector<NodeId>& operands,
                  const SplitOptions& options, Projected& projected, limits::Met& met);

/// Records the unroll as it is.
void keep_unroll(Tape& tape, const UnrollNode& unroll, const std::vector<NodeId>& operands,
                 Projected& projected);

}  // namespace reel::passes
