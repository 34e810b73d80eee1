#pragma once
#include <reel/cpu_kernel.h>

namespace reel::cpu {

CpuKernels linear_scan_kernels();

}  // namespace reel::cpu
