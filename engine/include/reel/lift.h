#pragma once
/// @file
/// @ingroup own_operations
/// Operations for all steps at once.
#include "operation.h"

namespace REEL_PUBLIC reel {

/// Records an operation of one step for all steps at once: [T, ...]. By the operation's own time rule, or by
/// its kind (a map stays itself, axes move by one); where neither tells, as an unroll around it alone.
Tensor lift(const Lift& lift);

/// The rule of maps, index maps, reductions and scans, for other operations of that form: operands that do
/// not vary are repeated, and the attributes `axis`, `axes` and `shape` make room for the time axis.
Tensor lift_by_shifting(const Lift& lift);

/// `x` at every step: [T, ...].
Tensor repeat_over_time(const Tensor& x, std::int64_t steps);

/// `x` [..., T, ...] with the time axis, now at `axis`, brought to the front.
Tensor time_first(const Tensor& x, int axis);

}  // namespace reel
