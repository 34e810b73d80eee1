#pragma once
#include <reel/ops.h>

namespace reel {

/// Mean of -log softmax(logits)[target], in nats: logits [..., classes], integer targets [...]. A target
/// outside [0, classes) is a RunError.
Tensor cross_entropy(const Tensor& logits, const Tensor& targets);
/// The mean over the positions where the bool `mask` [...] is true; 0 where there are none. Targets elsewhere
/// may be anything.
Tensor cross_entropy(const Tensor& logits, const Tensor& targets, const Tensor& mask);

/// Mean of (y - target)^2.
Tensor mean_squared_error(const Tensor& y, const Tensor& target);

}  // namespace reel
