#include <reel/ops.h>

namespace reel {

namespace {
/// `x` with its maximum along the axis taken off: the same softmax, and exp cannot overflow.
Tensor shifted(const Tensor& x, std::int64_t axis) { return x - stop_gradient(max(x, {axis}, true)); }
}  // namespace

Tensor softmax(const Tensor& x, std::int64_t axis) {
  const auto e = exp(shifted(x, axis));
  return e / sum(e, {axis}, true);
}

Tensor log_softmax(const Tensor& x, std::int64_t axis) {
  const auto s = shifted(x, axis);
  return s - log(sum(exp(s), {axis}, true));
}

}  // namespace reel
