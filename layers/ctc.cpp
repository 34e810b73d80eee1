#include <reel/losses.h>
#include <reel/record.h>
#include <reel/sequences.h>

#include <limits>

#include "checked_counts.h"

namespace reel {

namespace {

/// The logarithm of a probability of 0, as a number that can be calculated with.
constexpr double log_of_zero = -1e30;

/// log(exp(a) + exp(b) + ...)
Tensor log_sum(const Tensors& terms) {
  auto largest = terms[0];
  for (std::size_t i = 1; i < terms.size(); ++i) largest = maximum(largest, terms[i]);
  largest = stop_gradient(largest);
  Tensor total = 0;
  for (const auto& term : terms) total = total + exp(term - largest);
  return largest + log(total);
}

/// Position i of the result [batch, positions] is position i - by of `x`; nothing comes before the first.
Tensor moved(const Tensor& x, std::int64_t by) {
  const auto positions = x.extent(1), kept = std::max<std::int64_t>(0, positions - by);
  return concat({full({x.extent(0), positions - kept}, log_of_zero, x.element()), slice(x, 1, 0, kept)}, 1);
}

/// blank, label, blank, ..., label, blank: [batch, labels] -> [batch, 2 labels + 1].
Tensor between_blanks(const Tensor& labels, std::int64_t blank) {
  const auto batch = labels.extent(0), count = labels.extent(1);
  const auto blanks = full({batch, count}, static_cast<double>(blank), labels.element());
  const auto pairs = reshape(stack({labels, blanks}, 2), {batch, 2 * count});
  return concat({full({batch, 1}, static_cast<double>(blank), labels.element()), pairs}, 1);
}

/// Where a way may come from two positions before, leaving out the blank between two labels that differ: bool
/// [batch, 2 labels + 1].
Tensor can_leave_out_blank(const Tensor& labels) {
  const auto batch = labels.extent(0), count = labels.extent(1);
  if (count == 0) return full({batch, 1}, 0, ElementType::boolean);
  const auto no = full({batch, 1}, 0, ElementType::boolean);
  const auto differ = not_equal(slice(labels, 1, 1, count), slice(labels, 1, 0, count - 1));
  const auto at_labels = concat({no, differ}, 1), at_blanks = full({batch, count}, 0, ElementType::boolean);
  return concat({no, reshape(stack({at_labels, at_blanks}, 2), {batch, 2 * count})}, 1);
}

void check_ctc(const Tensor& logits, const Tensor& labels, const Tensor& step_counts,
               const Tensor& label_counts, std::int64_t blank) {
  const Tensors operands{logits, labels, step_counts, label_counts};
  check_usable("ctc_loss", operands);
  const auto is_counts = [&](const Tensor& x) {
    return is_integer(x.element()) && x.shape() == Shape{logits.extent(1)};
  };
  if (logits.rank() != 3 || !is_floating(logits.element()) || labels.rank() != 2 ||
      !is_integer(labels.element()) || labels.extent(0) != logits.extent(1) || !is_counts(step_counts) ||
      !is_counts(label_counts))
    refuse("ctc_loss",
           "logits [steps, batch, classes] need integer labels [batch, labels], and the steps and labels of "
           "each sequence, integers [batch]",
           operands);
  if (blank < 0 || blank >= logits.extent(2))
    refuse("ctc_loss", "the blank " + std::to_string(blank) + " is none of the classes", operands);
}

}  // namespace

Tensor ctc_losses(const Tensor& logits, const Tensor& labels, const Tensor& step_counts,
                  const Tensor& label_counts, std::int64_t blank) {
  check_ctc(logits, labels, step_counts, label_counts, blank);
  const auto steps = logits.extent(0), batch = logits.extent(1), count = labels.extent(1);
  const auto label_ends = unsqueeze(checked_counts(label_counts, count, "ctc_loss: number of labels"), 1);
  const auto step_ends = checked_counts(step_counts, steps, "ctc_loss: number of steps");
  const auto own_labels = select(less(unsqueeze(iota(count), 0), label_ends),
                                 cast(labels, ElementType::int64), static_cast<double>(blank));
  const auto symbols = between_blanks(own_labels, blank);
  const auto positions = symbols.extent(1);
  // log p of the symbol at each position, [steps, batch, positions].
  const auto own_steps = unsqueeze(within_lengths(step_ends, steps), -1);
  const auto at_positions = maximum(
      take_along_axis(log_softmax(select(own_steps, logits, 0)),
                      broadcast_to(unsqueeze(symbols, 0), {steps, batch, positions}), -1, "ctc_loss: label"),
      log_of_zero);

  const auto leaves_out = can_leave_out_blank(own_labels);
  // log of the probability of all ways that have come to a position (equations 6 and 7); before the first
  // step all stand at the first blank.
  const auto start = concat(
      {full({batch, 1}, 0, logits.element()), full({batch, positions - 1}, log_of_zero, logits.element())},
      1);
  const auto cell = [&](const Tensor& log_p, const Tensor& ways) -> Tensor {
    return log_p + log_sum({ways, moved(ways, 1), select(leaves_out, moved(ways, 2), log_of_zero)});
  };
  const auto ways = unroll(cell, at_positions, start, Lengths(step_ends)).state;
  const auto last_blank = take_along_axis(ways, 2 * label_ends, 1);
  const auto last_label = select(
      label_ends > 0, take_along_axis(ways, select(label_ends > 0, 2 * label_ends - 1, 0), 1), log_of_zero);
  const auto total = squeeze(log_sum({last_blank, last_label}), 1);
  return select(total < 0.1 * log_of_zero, std::numeric_limits<double>::infinity(), -total);
}

Tensor ctc_loss(const Tensor& logits, const Tensor& labels, const Tensor& step_counts,
                const Tensor& label_counts, std::int64_t blank) {
  const auto losses = ctc_losses(logits, labels, step_counts, label_counts, blank);
  return mean(losses / maximum(cast(label_counts, losses.element()), 1));
}

}  // namespace reel
