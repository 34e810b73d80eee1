#pragma once
#include <vector>

#include <reel/compile_options.h>

#include "met_limits.h"
#include "record/unroll_operands.h"

namespace reel::passes {

/// What is kept of a body so that everything used can be had from it, in its order.
struct Choice {
  std::vector<NodeId> kept, recomputed;
  /// Than to keep what is used as it is.
  bool is_better = false;
};

/// The smallest cut in the body of the unroll that values are kept of. `kept_anyway`: for each value of the
/// body, whether it is there at every step whatever is chosen.
Choice choose_kept(const Body& body, std::int64_t steps, const std::vector<NodeId>& used,
                   const std::vector<bool>& kept_anyway, Saving saving, limits::Met& met);

}  // namespace reel::passes
