#pragma once
#include "loops.h"

namespace reel::cpu {

/// What a reduction along its attribute `axes` says of itself to the CPU runner.
CpuKernels reduction_kernels(Reduction reduction);

}  // namespace reel::cpu
