#pragma once
#include <reel/tensor.h>

namespace reel {

/// Throws RecordError, naming `cell`, unless x is [batch, input] and every tensor of the state [batch,
/// hidden], of one batch: other shapes would broadcast to a wrong result. Both may do without the batch.
void check_step(const std::string& cell, const Tensor& x, std::int64_t input, const Tensors& state,
                std::int64_t hidden);

}  // namespace reel
