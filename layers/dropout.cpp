#include <reel/dropout.h>
#include <reel/ops.h>

namespace reel {

namespace {

/// Throws RecordError for a number that is no rate. Of a tensor nobody knows before the run.
void check_rate(const char* operation, const Tensor& rate) {
  check_usable(operation, rate);
  const auto number = rate.leaf() ? rate.leaf()->value : std::nullopt;
  if (number && !(*number >= 0 && *number <= 1))
    throw RecordError("[" + std::string(operation) + "] a rate is from 0 to 1, not " +
                      std::to_string(*number));
}

/// What is kept is divided by, and 1 where nothing is.
Tensor divisor(const Tensor& keep) { return select(keep == 0, 1, keep); }

/// `x` where a choice of `shape`, which broadcasts to that of `x`, keeps it.
Tensor dropped(const char* operation, const Tensor& x, const Shape& shape, const Tensor& rate) {
  check_rate(operation, rate);
  if (!is_floating(x.element())) refuse(operation, "takes floating numbers", {x});
  const auto keep = cast(1 - rate, x.element());
  return select(bernoulli(shape, keep), x / divisor(keep), 0);
}

}  // namespace

Tensor dropout(const Tensor& x, const Tensor& rate) {
  check_usable("dropout", x);
  return dropped("dropout", x, x.shape(), rate);
}

Tensor variational_dropout(const Tensor& x, const Tensor& rate) {
  check_usable("variational_dropout", x);
  if (x.rank() == 0) refuse("variational_dropout", "a sequence has a leading time axis", {x});
  return dropped("variational_dropout", x, x.shape().without_axis(0).with_axis(0, 1), rate);
}

Tensor dropout_mask(const Shape& shape, const Tensor& rate) {
  check_rate("dropout_mask", rate);
  const auto keep = 1 - rate;
  return select(bernoulli(shape, keep), 1 / divisor(keep), 0);
}

Tensor structure::zoned_out(const Tensor& before, const Tensor& after, const Tensor& rate, Draws draws) {
  check_usable("Zoneout", {before, after});
  check_rate("Zoneout", rate);
  if (!after.own_element() || !is_floating(after.element())) return after;
  const auto kept = cast(rate, after.element());
  if (draws == Draws::mean) return kept * before + (1 - kept) * after;
  return select(bernoulli(after.shape(), kept), before, after);
}

}  // namespace reel
