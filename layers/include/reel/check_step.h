#pragma once
/// @file
/// @ingroup layers
/// The shapes of a cell's operands.
#include <reel/tensor.h>

namespace REEL_PUBLIC reel {

/// A tensor of a cell's state, and how many units it is of.
struct StatePart {
  Tensor value;        ///< What a cell got.
  std::int64_t units;  ///< Its last extent, as the cell would have it.
};

/// Throws RecordError, naming `cell`, unless x is [batch, input] and every part of the state [batch, units],
/// of one batch: other shapes would broadcast to a wrong result. All may do without the batch.
void check_step(const std::string& cell, const Tensor& x, std::int64_t input,
                const std::vector<StatePart>& state);

}  // namespace reel
