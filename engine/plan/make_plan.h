#pragma once
#include <reel/compile_options.h>

#include "plan/plan.h"
#include "plan/target.h"

namespace reel::plan {

/// What `outputs` and the effects and updates of a tape need, planned for a device. Throws RecordError where
/// the device has no kernel for an operation, and MemoryError where no memory is large enough.
Plan make_plan(const Tape& tape, const std::vector<NodeId>& outputs, const Target& target,
               const CompileOptions& options);

}  // namespace reel::plan
