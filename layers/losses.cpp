#include <reel/losses.h>

namespace reel {

namespace {

/// -log softmax(logits)[target] at each position: [...].
Tensor negative_log_likelihood(const Tensor& logits, const Tensor& targets) {
  check_usable("cross_entropy", {logits, targets});
  if (logits.rank() == 0 || logits.shape().without_axis(logits.rank() - 1) != targets.shape() ||
      !is_integer(targets.element()))
    refuse("cross_entropy", "logits [..., classes] need integer targets [...]", {logits, targets});
  return -squeeze(
      take_along_axis(log_softmax(logits), unsqueeze(targets, -1), -1, "argument 1 of cross_entropy: target"),
      -1);
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Tensor& targets) {
  return mean(negative_log_likelihood(logits, targets));
}

Tensor cross_entropy(const Tensor& logits, const Tensor& targets, const Tensor& mask) {
  check_usable("cross_entropy", {logits, targets, mask});
  if (mask.element() != ElementType::boolean || mask.shape() != targets.shape())
    refuse("cross_entropy", "the mask must be bool and have the shape of the targets",
           {logits, targets, mask});
  const auto losses =
      negative_log_likelihood(select(unsqueeze(mask, -1), logits, 0), select(mask, targets, 0));
  const auto count = sum(cast(mask, logits.element()));
  return sum(select(mask, losses, 0)) / select(count > 0, count, 1);
}

Tensor mean_squared_error(const Tensor& y, const Tensor& target) {
  check_usable("mean_squared_error", {y, target});
  if (!is_floating(y.element()))
    refuse("mean_squared_error", "value and target must be floating", {y, target});
  if (y.shape() != target.shape())
    refuse("mean_squared_error", "value and target must have one shape", {y, target});
  return mean(square(y - target));
}

}  // namespace reel
