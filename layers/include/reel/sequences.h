#pragma once
#include <reel/unroll.h>

/// @file
/// @ingroup recurrence
/// Options of unroll for batches of sequences. What has no axes in a step, a counter or a time stamp, belongs
/// to all sequences; of everything else the first axis in a step is the batch. They combine with each other
/// and with all other options, in any order.
namespace REEL_PUBLIC reel {

/// How many steps each sequence has: integers [batch] from 0 to the number of steps, or [] where there is no
/// batch. Past its end a sequence's state holds and its outputs are 0, false for bools; in reverse it starts
/// at its own end. What stands in the input there is padding, which may be anything, NaN too: the cell gets
/// the first input of the longest sequence instead, ones where there is none (0 of integers), beside the
/// state that holds, and nothing it makes of them is used: nothing of the padding is seen in values or
/// gradients, and gradients of the padding are 0. A cell in which sequences see one another, by a mean over
/// the batch, sees that input too; one that divides by what it counts down must not reach 0 at a sequence's
/// end. The state that is returned is the one after each sequence's last step. What belongs to all sequences
/// holds when the longest has ended.
///
/// Throws RecordError for an input, state or output that has another batch, RunError for a length out of
/// range.
///
///     auto [outputs, state] = unroll(cell, x, cell.initial_state(batch), Lengths(lengths));
struct Lengths {
  Tensor lengths;  ///< Integers [batch], or [].
  /// Of these lengths, which may be an argument of the run.
  explicit Lengths(Tensor lengths) : lengths(std::move(lengths)) {}
  /// Puts what is to be done into the steps of an unroll.
  void operator()(UnrollOptions& options) const;
};

/// Derivatives go back over k steps at most (Williams and Peng 1990): the state is taken as given at every
/// k-th step after the first, in the order in which the steps run, of each sequence, also of each that is
/// packed, from its own first. Values stay as they are. Throws RecordError unless k is 1 or more.
struct Truncate {
  std::int64_t every;  ///< k
  /// Over k steps.
  explicit Truncate(std::int64_t k);
  /// Puts what is to be done into the steps of an unroll.
  void operator()(UnrollOptions& options) const;
};

/// Of streams in which sequences are packed one behind the other, where each begins: bool `flags` [steps,
/// batch] or [steps]. There the state is the initial one again; in reverse it is so at the last step of each.
/// A state that belongs to all sequences is only reset by flags [steps]. Throws RecordError for flags of
/// another shape or type.
struct RestartWhere {
  Tensor flags;  ///< bool [steps, batch] or [steps]
  /// Where these flags are true; they may be an argument of the run.
  explicit RestartWhere(Tensor flags) : flags(std::move(flags)) {}
  /// Puts what is to be done into the steps of an unroll.
  void operator()(UnrollOptions& options) const;
};

}  // namespace reel
