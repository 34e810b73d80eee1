#include <reel/ops.h>
#include <reel/record.h>
#include <reel/sequences.h>

#include "checked_counts.h"

namespace reel {

namespace {

/// What is true of a step: for each sequence, [batch] or [], and for what all sequences share, []. As
/// sequences they are [steps, batch] or [steps], and [steps].
struct Flags {
  Tensor own, shared;
};

/// `flags` [batch] as the condition of a select on `value` [batch, ...].
Tensor spread(const Flags& flags, const Tensor& value, const char* what) {
  if (flags.own.rank() == 0) return flags.own;
  if (value.rank() == 0) return flags.shared;
  if (value.extent(0) != flags.own.extent(0))
    refuse("unroll",
           std::string(what) + " has " + std::to_string(value.extent(0)) +
               " sequences along its first axis in a step, Lengths or RestartWhere " +
               std::to_string(flags.own.extent(0)),
           {value});
  std::vector<std::int64_t> extents(value.rank(), 1);
  extents[0] = -1;
  return reshape(flags.own, extents);
}

/// What the options ask for: how many steps each sequence has, integers [batch] or [] of all alike, absent
/// where all have all; over how many steps a derivative goes back at most, 0 for all; where a sequence starts
/// again, bool [steps, batch] or [steps], absent where none does.
struct SequenceOptions {
  Tensor lengths;
  std::int64_t truncate = 0;
  Tensor restarts;

  void operator()(FlatCall& call) const;
};

/// The cell with the options put into operations. The flags of the steps are sequences behind the user's.
class SequenceCell {
 public:
  SequenceCell(const FlatCall& call, const SequenceOptions& options)
      : cell_(call.cell),
        initial_(call.state),
        inputs_(call.sequences.size()),
        steps_(call.steps),
        reverse_(call.reverse) {
    if (options.lengths.defined()) add_lengths(options.lengths, call.sequences);
    if (options.restarts.defined()) add_restarts(options.restarts);
    if (options.truncate > 0) add_cuts(options.truncate);
  }

  const Tensors& flags() const { return flags_; }

  FlatStep operator()(const Tensors& x, const Tensors& state) const {
    auto step = cell_(inputs_of(x), entering(x, state));
    if (!active_) return step;
    const auto active = at(x, *active_);
    for (auto& output : step.outputs) output = select(spread(active, output, "an output"), output, 0);
    for (std::size_t k = 0; k < std::min(state.size(), step.state.size()); ++k)
      step.state[k] = held(active, step.state[k], state[k]);
    return step;
  }

 private:
  /// Where flags stand among the sequences, from flags_[0] on.
  struct Place {
    std::size_t own, shared;
  };

  std::size_t add(const Tensor& sequence) {
    flags_.push_back(sequence);
    return flags_.size() - 1;
  }
  Place add(const Flags& flags) {
    const auto own = add(flags.own);
    return {own, flags.shared.defined() ? add(flags.shared) : own};
  }
  Flags at(const Tensors& x, const Place& place) const {
    return {x[inputs_ + place.own], x[inputs_ + place.shared]};
  }

  void add_lengths(const Tensor& given, const Tensors& sequences) {
    check_usable("unroll", given);
    if (given.rank() > 1 || !is_integer(given.element()))
      refuse("unroll", "lengths are integers [batch], or [] of one sequence", {given});
    const auto flat = given.rank() == 0 ? unsqueeze(given, 0) : given;
    lengths_ = reshape(checked_counts(flat, steps_, "Lengths: length"), given.shape().extents());
    longest_ = lengths_.rank() == 0 ? lengths_ : lengths_.extent(0) == 0 ? all_steps() : max(lengths_);
    active_ = add({steps_before(lengths_), steps_before(longest_)});
    for (const auto& sequence : sequences) first_inputs_.push_back(first_input(sequence));
  }

  /// bool [steps, ...]: whether the position of a step is below `ends` [...].
  Tensor steps_before(const Tensor& ends) const { return less(positions(ends.rank()), ends); }

  Tensor all_steps() const { return full({}, static_cast<double>(steps_), ElementType::int64); }

  /// [steps], or [steps, 1] beside a batch.
  Tensor positions(int batch_axes) const {
    const auto all = iota(steps_);
    return batch_axes == 0 ? all : unsqueeze(all, 1);
  }

  /// What takes the place of padding, an input [...] or [1, ...] that a cell can be given: the first one of
  /// the longest sequence. Zeros could be none: their logarithm is infinite, and a weight's gradient NaN.
  Tensor first_input(const Tensor& sequence) const {
    if (steps_ == 0) return 0;
    auto first = index(sequence, 0, 0);
    if (lengths_.rank() == 1 && first.rank() > 0)
      first = first.extent(0) == 0 ? Tensor(0) : gather(first, argmax(lengths_, 0, true), 0);
    if (is_floating(sequence.element())) first = stop_gradient(first);
    return select(longest_ > 0, first, is_floating(sequence.element()) ? 1 : 0);
  }

  void add_cuts(std::int64_t every) {
    const auto at_every = [&](const Tensor& steps_run) {
      return steps_run > 0 && remainder(steps_run, every) == 0;
    };
    const auto end = all_steps();
    const bool own_ends = reverse_ && lengths_.defined();
    cut_ =
        add({at_every(steps_run(own_ends ? lengths_ : end, restart_ ? flags_[restart_->own] : Tensor())),
             at_every(steps_run(own_ends ? longest_ : end, restart_ ? flags_[restart_->shared] : Tensor()))});
  }

  /// How many steps a sequence with its end at `ends` has run before each, or since its last restart: [steps,
  /// ...].
  Tensor steps_run(const Tensor& ends, const Tensor& restarts) const {
    const auto at = positions(std::max(ends.rank(), restarts.defined() ? restarts.rank() - 1 : 0));
    const auto run = reverse_ ? ends - 1 - at : at;
    if (!restarts.defined()) return run;
    if (steps_ == 0)
      return full(restarts.rank() == 2 ? restarts.shape() : run.shape(), 0, ElementType::int64);
    // Flags of all sequences stand beside those of each.
    const auto starts = restarts.rank() == 1 && at.rank() == 2 ? unsqueeze(restarts, 1) : restarts;
    // Counted on from step to step, and from 0 where it starts.
    const auto goes_on = cast(!(starts || run == 0), ElementType::int64);
    return linear_scan(goes_on, goes_on, zeros(goes_on.shape().without_axis(0), ElementType::int64),
                       LinearScan{0, reverse_});
  }

  void add_restarts(const Tensor& flags) {
    check_usable("unroll", flags);
    if (flags.element() != ElementType::boolean || flags.rank() < 1 || flags.rank() > 2 ||
        flags.extent(0) != steps_)
      refuse("unroll",
             "flags that restart sequences are bool [" + std::to_string(steps_) + ", batch] or [" +
                 std::to_string(steps_) + "]",
             {flags});
    const auto own = reverse_ ? before_ends(flags) : flags;
    restart_ = add({own, own.rank() == 1 ? own : full({steps_}, 0, ElementType::boolean)});
  }

  /// Run backwards a sequence starts at its last step, before that in which the next one begins.
  Tensor before_ends(const Tensor& flags) const {
    if (steps_ == 0) return flags;
    const auto none = full(flags.shape().without_axis(0).with_axis(0, 1), 0, ElementType::boolean);
    return concat({slice(flags, 0, 1, steps_), none}, 0);
  }

  Tensors inputs_of(const Tensors& x) const {
    Tensors inputs(x.begin(), x.begin() + inputs_);
    if (active_)
      for (std::size_t i = 0; i < inputs.size(); ++i)
        inputs[i] = select(spread(at(x, *active_), inputs[i], "an input"), inputs[i], first_inputs_[i]);
    return inputs;
  }

  /// The state that the cell gets. A literal that has no type yet stays one.
  Tensors entering(const Tensors& x, Tensors state) const {
    for (std::size_t k = 0; k < state.size(); ++k) {
      auto& s = state[k];
      if (!s.own_element()) continue;
      if (cut_ && is_floating(s.element()))
        s = select(spread(at(x, *cut_), s, "a state"), stop_gradient(s), s);
      if (restart_) s = select(spread(at(x, *restart_), s, "a state"), initial_[k], s);
    }
    return state;
  }

  /// What is handed on of `before`: where it has another type than `next`, that is for others to refuse.
  static Tensor held(const Flags& active, const Tensor& next, const Tensor& before) {
    const bool fits = next.defined() && before.own_element() && next.shape() == before.shape() &&
                      next.own_element().value_or(before.element()) == before.element();
    return fits ? select(spread(active, before, "a state"), next, before) : next;
  }

  FlatCell cell_;
  Tensors initial_;
  std::size_t inputs_;  // sequences of the user's
  std::int64_t steps_;
  bool reverse_;
  Tensors flags_, first_inputs_;
  Tensor lengths_, longest_;
  std::optional<Place> active_, cut_, restart_;
};

void SequenceOptions::operator()(FlatCall& call) const {
  const SequenceCell cell(call, *this);
  call.sequences.insert(call.sequences.end(), cell.flags().begin(), cell.flags().end());
  call.cell = cell;
}

/// Those that were asked for so far, as what rewrites the unroll.
SequenceOptions& sequence_options(UnrollOptions& options) {
  for (auto& rewrite : options.rewrites)
    if (auto* known = rewrite.target<SequenceOptions>()) return *known;
  options.rewrites.push_back(SequenceOptions());
  return *options.rewrites.back().target<SequenceOptions>();
}

void refuse_twice(const char* option, bool is_given) {
  if (is_given) throw RecordError("[unroll] the option " + std::string(option) + " is given twice");
}

}  // namespace

void Lengths::operator()(UnrollOptions& options) const {
  check_usable("Lengths", lengths);
  auto& known = sequence_options(options).lengths;
  refuse_twice("Lengths", known.defined());
  known = lengths;
}

Truncate::Truncate(std::int64_t k) : every(k) {
  if (k < 1)
    throw RecordError("[Truncate] derivatives go back over 1 step or more, not " + std::to_string(k));
}

void Truncate::operator()(UnrollOptions& options) const {
  auto& known = sequence_options(options).truncate;
  refuse_twice("Truncate", known > 0);
  known = every;
}

void RestartWhere::operator()(UnrollOptions& options) const {
  check_usable("RestartWhere", flags);
  auto& known = sequence_options(options).restarts;
  refuse_twice("RestartWhere", known.defined());
  known = flags;
}

}  // namespace reel
