#pragma once
#include "loops.h"

namespace reel::cpu {

/// What the reduction of that name, along its attribute `axes`, says of itself to the CPU runner.
CpuKernels reduction_kernels(const char* name);

}  // namespace reel::cpu
