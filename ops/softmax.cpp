#include <reel/ops.h>
#include <reel/record.h>

#include <cmath>
#include <limits>

namespace reel {

namespace {
/// `x` with its maximum along the axis taken off: the same softmax, and exp cannot overflow.
Tensor shifted(const Tensor& x, std::int64_t axis) { return x - stop_gradient(max(x, {axis}, true)); }
}  // namespace

Tensor softmax(const Tensor& x, std::int64_t axis) {
  check_usable("softmax", x);
  const auto e = exp(shifted(x, axis));
  return e / sum(e, {axis}, true);
}

Tensor log_softmax(const Tensor& x, std::int64_t axis) {
  check_usable("log_softmax", x);
  const auto s = shifted(x, axis);
  return s - log(sum(exp(s), {axis}, true));
}

Tensor layer_norm(const Tensor& x, std::int64_t axis, double epsilon) {
  check_usable("layer_norm", x);
  const auto centred = x - mean(x, {axis}, true);
  // One division for each row.
  return centred * (1 / sqrt(mean(square(centred), {axis}, true) + epsilon));
}

Tensor rms_norm(const Tensor& x, std::int64_t axis, double epsilon) {
  check_usable("rms_norm", x);
  return x * (1 / sqrt(mean(square(x), {axis}, true) + epsilon));
}

namespace {

/// Softmax over the last axis of the scores [..., M, N] where `mask` is true; 0 elsewhere, and in a row
/// without any. A masked score counts nothing, whatever it is.
Tensor masked_softmax(const Tensor& scores, const Tensor& mask) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto seen = stop_gradient(max(select(mask, scores, -infinity), {-1}, true));
  const auto largest = select(isfinite(seen), seen, 0);
  const auto e = select(mask, exp(select(mask, scores, largest) - largest), 0);
  const auto total = sum(e, {-1}, true);
  return e / select(total > 0, total, 1);
}

}  // namespace

Tensor attention(const Tensor& queries, const Tensor& keys, const Tensor& values, const Tensor& mask) {
  check_usable("attention", {queries, keys, values});
  const Tensors operands{queries, keys, values};
  for (const auto& operand : operands)
    if (operand.rank() < 2)
      refuse("attention", "queries, keys and values are [..., positions, size]", operands);
  if (queries.extent(-1) != keys.extent(-1) || keys.extent(-2) != values.extent(-2))
    refuse("attention", "queries [..., M, D] need keys [..., N, D] and values [..., N, E]", operands);
  const double scale = 1 / std::sqrt(static_cast<double>(queries.extent(-1)));
  const auto scores = scale * matmul(queries, transpose(keys));
  return matmul(mask.defined() ? masked_softmax(scores, mask) : softmax(scores), values);
}

}  // namespace reel
