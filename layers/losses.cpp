#include <reel/losses.h>
#include <reel/record.h>

namespace reel {

namespace {

/// Weights of positions, with axes behind them where losses have some for each position. They may be like the
/// last axes of the losses, or the first; where they are like both nobody knows which are meant.
Tensor beside(const char* operation, const Tensor& weights, const Tensor& positions) {
  const auto &shape = positions.shape(), &given = weights.shape();
  bool like_first = given.rank() <= shape.rank(), like_last = like_first;
  const int behind = shape.rank() - given.rank();
  for (int axis = 0; (like_first || like_last) && axis < given.rank(); ++axis) {
    like_first = like_first && given[axis] == shape[axis];
    like_last = like_last && (given[axis] == shape[axis + behind] || given[axis] == 1);
  }
  if (!like_first && !like_last)
    refuse(operation, "the mask or weights are like neither the first axes of the positions nor the last",
           {positions, weights});
  // One weight is the same in both ways.
  if (like_first && like_last && given.size() > 1 && behind > 0)
    refuse(operation,
           "the mask or weights are like the first axes of the positions and like the last: use unsqueeze",
           {positions, weights});
  if (!like_first || behind == 0) return weights;
  auto extents = given.extents();
  extents.resize(static_cast<std::size_t>(shape.rank()), 1);
  return reshape(weights, extents);
}

/// Weights of the shape of the positions, floating.
Tensor spread_weights(const char* operation, const Tensor& weights, const Tensor& positions,
                      ElementType element) {
  return broadcast_to(cast(beside(operation, weights, positions), element), positions.shape());
}

/// A sum over that of its weights; 0 where there are none.
Tensor over_weights(const Tensor& total, const Tensor& weights) {
  return total / select(weights != 0, weights, 1);
}

Tensor mean_for(const char* operation, const Tensor& losses, const Tensor& weights) {
  if (!weights.defined()) return mean(losses);
  check_usable(operation, {losses, weights});
  if (!is_floating(losses.element())) refuse(operation, "losses are floating", {losses, weights});
  const auto all = spread_weights(operation, weights, losses, losses.element());
  return over_weights(sum(select(all != 0, all * losses, 0)), sum(all));
}

}  // namespace

Tensor weighted_mean(const Tensor& losses, const Tensor& weights) {
  return mean_for("weighted_mean", losses, weights);
}

Tensor within_lengths(const Tensor& lengths, std::int64_t steps) {
  check_usable("within_lengths", lengths);
  if (lengths.rank() != 1 || !is_integer(lengths.element()))
    refuse("within_lengths", "lengths are integers [batch]", {lengths});
  return less(unsqueeze(iota(steps), 1), cast(lengths, ElementType::int64));
}

LabelSmoothing::LabelSmoothing(double part) : part(part) {
  if (!(part >= 0 && part <= 1))
    throw RecordError("[LabelSmoothing] the part is from 0 to 1, not " + std::to_string(part));
}

namespace {

/// Where a position counts, and the class that stands for its target.
struct Targets {
  Tensor counts;  // bool; absent where all do
  Tensor classes;
};

Targets targets_of(const Tensor& targets, const CrossEntropyOptions& options) {
  if (!options.ignored) return {{}, targets};
  const auto counts = targets != *options.ignored;
  return {counts, select(counts, targets, 0)};
}

void check_targets(const char* operation, const Tensor& logits, const Tensor& targets) {
  check_usable(operation, {logits, targets});
  if (logits.rank() == 0 || logits.shape().without_axis(logits.rank() - 1) != targets.shape() ||
      !is_integer(targets.element()))
    refuse(operation, "logits [..., classes] need integer targets [...]", {logits, targets});
}

/// The weight of each position by its class.
Tensor class_weights_at(const Targets& targets, const CrossEntropyOptions& options, const Tensor& logits) {
  Tensor weights = ones(targets.classes.shape(), logits.element());
  if (options.class_weights.defined()) {
    if (options.class_weights.shape() != Shape{logits.extent(-1)})
      refuse("cross_entropy", "there is one weight for each class", {logits, options.class_weights});
    const Tensors operands{logits, options.class_weights};
    weights = gather(bring(destination("cross_entropy", operands), options.class_weights, "cross_entropy",
                           logits.element()),
                     targets.classes);
  }
  return targets.counts.defined() ? select(targets.counts, weights, 0) : weights;
}

}  // namespace

Tensor cross_entropies(const Tensor& logits, const Tensor& targets, const CrossEntropyOptions& options) {
  check_targets("cross_entropy", logits, targets);
  const auto chosen = targets_of(targets, options);
  const auto log_p = log_softmax(logits);
  auto losses = -squeeze(
      take_along_axis(log_p, unsqueeze(chosen.classes, -1), -1, "argument 1 of cross_entropy: target"), -1);
  const bool has_weights = options.class_weights.defined();
  if (has_weights) losses = losses * class_weights_at(chosen, options, logits);
  if (options.smoothing > 0) {
    const auto share = options.smoothing / static_cast<double>(logits.extent(-1));
    const auto all = -sum(has_weights ? log_p * options.class_weights : log_p, {-1});
    losses = (1 - options.smoothing) * losses + share * all;
  }
  return chosen.counts.defined() ? select(chosen.counts, losses, 0) : losses;
}

Tensor cross_entropy(const Tensor& logits, const Tensor& targets, const CrossEntropyOptions& options,
                     const Tensor& weights) {
  check_targets("cross_entropy", logits, targets);
  if (weights.defined()) check_usable("cross_entropy", {logits, targets, weights});
  const bool is_plain = !options.ignored && !options.class_weights.defined();
  if (!weights.defined() && is_plain) return mean(cross_entropies(logits, targets, options));
  // What counts nothing is taken out before anything is computed of it.
  const auto events = weights.defined() ? spread_weights("cross_entropy", weights, targets, logits.element())
                                        : ones(targets.shape(), logits.element());
  const auto counts = events != 0;
  const auto some_targets = select(counts, targets, options.ignored.value_or(0));
  const auto losses = cross_entropies(select(unsqueeze(counts, -1), logits, 0), some_targets, options);
  const auto all = events * class_weights_at(targets_of(some_targets, options), options, logits);
  return over_weights(sum(select(counts, events * losses, 0)), sum(all));
}

namespace {

/// Throws RecordError unless value and target are floating and of one shape.
void check_pair(const char* operation, const Tensor& y, const Tensor& target) {
  check_usable(operation, {y, target});
  if (!is_floating(y.element()) || !is_floating(target.own_element().value_or(y.element())))
    refuse(operation, "value and target must be floating", {y, target});
  if (y.shape() != target.shape()) refuse(operation, "value and target must have one shape", {y, target});
}

Tensor error_of(const char* operation, const Tensor& y, const Tensor& target) {
  check_pair(operation, y, target);
  return y - target;
}

}  // namespace

Tensor binary_cross_entropies(const Tensor& logits, const Tensor& targets) {
  check_usable("binary_cross_entropy", {logits, targets});
  const auto t =
      targets.own_element() == ElementType::boolean ? cast(targets, logits.element()) : Tensor(targets);
  check_pair("binary_cross_entropy", logits, t);
  return t * softplus(-logits) + (1 - t) * softplus(logits);
}

Tensor binary_cross_entropy(const Tensor& logits, const Tensor& targets, const Tensor& weights) {
  return mean_for("binary_cross_entropy", binary_cross_entropies(logits, targets), weights);
}

Tensor squared_errors(const Tensor& y, const Tensor& target) {
  return square(error_of("mean_squared_error", y, target));
}

Tensor mean_squared_error(const Tensor& y, const Tensor& target, const Tensor& weights) {
  return mean_for("mean_squared_error", squared_errors(y, target), weights);
}

Tensor absolute_errors(const Tensor& y, const Tensor& target) {
  return abs(error_of("mean_absolute_error", y, target));
}

Tensor mean_absolute_error(const Tensor& y, const Tensor& target, const Tensor& weights) {
  return mean_for("mean_absolute_error", absolute_errors(y, target), weights);
}

Tensor huber_errors(const Tensor& y, const Tensor& target, double delta) {
  if (!(delta > 0)) throw RecordError("[huber_loss] delta is above 0, not " + std::to_string(delta));
  const auto error = error_of("huber_loss", y, target), size = abs(error);
  return select(size <= delta, 0.5 * square(error), delta * (size - 0.5 * delta));
}

Tensor huber_loss(const Tensor& y, const Tensor& target, double delta, const Tensor& weights) {
  return mean_for("huber_loss", huber_errors(y, target, delta), weights);
}

Tensor accuracy(const Tensor& logits, const Tensor& targets, const Tensor& weights) {
  check_usable("accuracy", {logits, targets});
  if (targets.element() == ElementType::boolean) {
    if (logits.shape() != targets.shape())
      refuse("accuracy", "logits and bool targets must have one shape", {logits, targets});
    return mean_for("accuracy", cast((logits > 0) == targets, logits.element()), weights);
  }
  check_targets("accuracy", logits, targets);
  // Where one is NaN, none is the largest.
  const auto largest = max(logits, {-1});
  const auto right = largest == largest && argmax(logits) == cast(targets, ElementType::int64);
  return mean_for("accuracy", cast(right, logits.element()), weights);
}

}  // namespace reel
