#pragma once
#include "record/record_step.h"

namespace reel {

/// From how many steps to how many the state is stored, where `steps` run: all of them where nothing is
/// recomputed.
std::int64_t checkpoint_distance(const UnrollOptions& options, std::int64_t steps);

/// Unrolls chunks of `every` steps, each an unroll of its own, by an unroll that stores their first states
/// and recomputes the rest; then the steps that are left over, which run last.
FlatUnroll unroll_checkpointed(const StepContext& whole, const Tensors& state, std::int64_t every);

/// One unroll node over the steps of the context.
FlatUnroll unroll_node(const StepContext& context, const Tensors& state);

}  // namespace reel
