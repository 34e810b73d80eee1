#pragma once
#include "run/cuda/texts.h"

namespace reel::test {

/// The kernels of every operation and its derivatives, with those of an LSTM's training.
cuda::Source every_kernel();

}  // namespace reel::test
