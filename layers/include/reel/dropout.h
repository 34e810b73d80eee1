#pragma once
#include <reel/ops.h>

namespace reel {

/// `x` with each element zeroed with probability `rate` and the rest divided by 1 - rate, so that the mean
/// stays (Srivastava et al. 2014). New choices in each run and at each step of an unroll. `rate` may be an
/// input of the run; 0 gives `x`.
inline Tensor dropout(const Tensor& x, const Tensor& rate) {
  check_usable("dropout", {x, rate});
  const auto keep = cast(1 - rate, x.element());
  return select(bernoulli(x.shape(), keep), x / select(keep == 0, 1, keep), 0);
}

}  // namespace reel
