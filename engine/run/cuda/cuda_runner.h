#pragma once
#include "run/cuda/board.h"
#include "run/cuda/cuda_plan.h"
#include "run/runner.h"

namespace reel::cuda {

/// Throws MemoryError, and Error where a kernel does not compile.
std::unique_ptr<Runner> make_runner(CudaPlan plan, std::shared_ptr<Board> board);

}  // namespace reel::cuda
