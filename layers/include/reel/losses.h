#pragma once
#include <reel/ops.h>

/// @file
/// @ingroup losses
/// A loss is a mean, over all positions or over some: of event weights, floating, or a mask, bool, of the
/// shape of the losses, or of their first axes or of their last, it is sum(weight * loss) / sum(weight);
/// weights that could be either, [n] of losses [n, n], are refused: unsqueeze says which. Where the weight is
/// 0 or false a position counts nothing, whatever stands there, NaN too; where all are, the mean is 0. The
/// loss of each position, such as of each step, is given by the functions whose name is in the plural.
namespace REEL_PUBLIC reel {

/// sum(weights * losses) / sum(weights); weights absent: the mean.
Tensor weighted_mean(const Tensor& losses, const Tensor& weights = {});

/// bool [steps, batch]: where a sequence of so many steps, integers [batch], has a step: everywhere where it
/// has more. The mask of losses of batches that are padded.
Tensor within_lengths(const Tensor& lengths, std::int64_t steps);

/// What cross-entropy does beside what it always does; set by the options below.
struct CrossEntropyOptions {
  double smoothing = 0;                 ///< What LabelSmoothing says.
  Tensor class_weights;                 ///< What ClassWeights says; absent without it.
  std::optional<std::int64_t> ignored;  ///< What IgnoredIndex says.
};

/// Targets share this part of their probability among all classes (Szegedy et al. 2016).
struct LabelSmoothing {
  double part;  ///< From 0 to 1.
  /// Throws RecordError unless 0 <= part <= 1.
  explicit LabelSmoothing(double part);
  /// Sets CrossEntropyOptions::smoothing.
  void operator()(CrossEntropyOptions& options) const { options.smoothing = part; }
};
/// A weight [classes] for each class: of the loss, and of the mean that is taken.
struct ClassWeights {
  Tensor weights;  ///< [classes]
  /// Of these weights, which may be an argument of the run.
  explicit ClassWeights(Tensor weights) : weights(std::move(weights)) {}
  /// Sets CrossEntropyOptions::class_weights.
  void operator()(CrossEntropyOptions& options) const { options.class_weights = weights; }
};
/// Positions with this target count nothing; it need not be a class.
struct IgnoredIndex {
  std::int64_t index;  ///< A target.
  /// Of this target.
  explicit IgnoredIndex(std::int64_t index) : index(index) {}
  /// Sets CrossEntropyOptions::ignored.
  void operator()(CrossEntropyOptions& options) const { options.ignored = index; }
};

/// -log softmax(logits)[target], in nats, of each position: logits [..., classes], integer targets [...] ->
/// [...]. A target outside [0, classes) is a RunError.
Tensor cross_entropies(const Tensor& logits, const Tensor& targets, const CrossEntropyOptions& options = {});
/// Its mean, with weights or a mask where they are given; targets where these are 0 or false may be
/// anything. With ClassWeights a position has that of its class as a weight too; one that IgnoredIndex names
/// has none.
Tensor cross_entropy(const Tensor& logits, const Tensor& targets, const CrossEntropyOptions& options,
                     const Tensor& weights = {});
/// The same with options by themselves, in any order.
///
///     cross_entropy(logits, targets)
///     cross_entropy(logits, targets, mask)
///     cross_entropy(logits, targets, LabelSmoothing(0.1), IgnoredIndex(-1))
///     cross_entropy(logits, targets, weights, LabelSmoothing(0.1))
/// @{
template <class... Option,
          class = std::enable_if_t<(std::is_invocable_v<const Option&, CrossEntropyOptions&> && ...)>>
Tensor cross_entropy(const Tensor& logits, const Tensor& targets, const Option&... option) {
  CrossEntropyOptions options;
  (option(options), ...);
  return cross_entropy(logits, targets, options);
}
template <class... Option,
          class = std::enable_if_t<(std::is_invocable_v<const Option&, CrossEntropyOptions&> && ...)>>
Tensor cross_entropy(const Tensor& logits, const Tensor& targets, const Tensor& weights,
                     const Option&... option) {
  CrossEntropyOptions options;
  (option(options), ...);
  return cross_entropy(logits, targets, options, weights);
}
/// @}

/// -(t log p + (1 - t) log(1 - p)) with p = sigmoid(logits), in nats, right at both ends of the range: logits
/// and targets, from 0 to 1 or bool, of one shape.
Tensor binary_cross_entropies(const Tensor& logits, const Tensor& targets);
/// The mean of binary_cross_entropies(), with weights or a mask where they are given.
Tensor binary_cross_entropy(const Tensor& logits, const Tensor& targets, const Tensor& weights = {});

/// (y - target)^2 of each position; both of one shape.
Tensor squared_errors(const Tensor& y, const Tensor& target);
/// The mean of squared_errors(), with weights or a mask where they are given.
Tensor mean_squared_error(const Tensor& y, const Tensor& target, const Tensor& weights = {});
/// |y - target| of each position; both of one shape.
Tensor absolute_errors(const Tensor& y, const Tensor& target);
/// The mean of absolute_errors(), with weights or a mask where they are given.
Tensor mean_absolute_error(const Tensor& y, const Tensor& target, const Tensor& weights = {});
/// Quadratic up to an error of `delta`, linear beyond: e^2 / 2, and delta (|e| - delta / 2) (Huber 1964).
Tensor huber_errors(const Tensor& y, const Tensor& target, double delta = 1);
/// The mean of huber_errors(), with weights or a mask where they are given.
Tensor huber_loss(const Tensor& y, const Tensor& target, double delta = 1, const Tensor& weights = {});

/// Connectionist temporal classification (Graves et al. 2006): -log of the probability of all ways to spread
/// a labelling over the steps, with blanks between. Logits [steps, batch, classes], integer labels [batch,
/// labels], none of which is the blank, the number of steps and of labels of each sequence, integers [batch];
/// -> [batch]. Labels and steps past these may be anything. Where there are too few steps for the labels the
/// loss is infinite, and its gradient 0. A label outside [0, classes), and a number of steps or labels
/// beyond those given, is a RunError.
Tensor ctc_losses(const Tensor& logits, const Tensor& labels, const Tensor& step_counts,
                  const Tensor& label_counts, std::int64_t blank = 0);
/// The mean over the batch of each loss over its number of labels, at least 1.
Tensor ctc_loss(const Tensor& logits, const Tensor& labels, const Tensor& step_counts,
                const Tensor& label_counts, std::int64_t blank = 0);

/// The part of the positions at which the largest logit is the target's, a scalar: of logits [..., classes]
/// and integer targets [...], or of logits [...] and bool targets [...], of which a logit above 0 says true.
/// Where a logit is NaN, and where a target is no class, the position is wrong.
/// Weights as of losses.
Tensor accuracy(const Tensor& logits, const Tensor& targets, const Tensor& weights = {});

}  // namespace reel
