#pragma once
/// @file
/// @ingroup recurrence
/// Cells that run over sequences.
#include <optional>
#include <typeinfo>

#include "structure.h"
#include "unroll_flat.h"

namespace REEL_PUBLIC reel {

/// What an unroll gives: `auto [outputs, state] = unroll(...)`. `outputs` has a leading time axis; `state` is
/// the one after the last step. `node` projects further values of the step; an expanded unroll has none, and
/// projecting from it is a RecordError.
template <class Outputs, class State>
struct Unrolled {
  Outputs outputs;  ///< Of all steps, [T, ...].
  State state;      ///< After the last step.
  Unroll node;      ///< What further values of the step are projected from.

  /// The outputs and the state by number, for structured bindings.
  /// @{
  template <std::size_t I>
  auto& get() {
    if constexpr (I == 0)
      return outputs;
    else
      return state;
  }
  template <std::size_t I>
  const auto& get() const {
    if constexpr (I == 0)
      return outputs;
    else
      return state;
  }
  /// @}
};

namespace structure {

/// @cond
/// Splits what a cell returns into output and next state: a result of the type of the state is both.
template <class Result, class State>
struct StepResult {
  static constexpr bool is_state = std::is_same_v<Result, State>;
  static constexpr bool is_pair = [] {
    if constexpr (!is_state && is_tuple<Result>)
      return std::tuple_size_v<Result> == 2;
    else
      return false;
  }();
  static constexpr bool is_valid = [] {
    if constexpr (is_pair)
      return is_of_tensors<std::tuple_element_t<0, Result>> &&
             std::is_same_v<rebound<std::tuple_element_t<1, Result>, Tensor>, State>;
    else
      return is_state || std::is_convertible_v<Result, State>;
  }();
  static auto output(const Result& result) {
    if constexpr (is_pair)
      return tensors_of(std::get<0>(result));
    else
      return State(result);
  }
  static State state(const Result& result) {
    if constexpr (is_pair)
      return tensors_of(std::get<1>(result));
    else
      return State(result);
  }
};
/// @endcond

/// Unrolls `step`, which calls a cell of type `cell`, over structures that are flattened and put together
/// again.
template <class X, class State, class Step, class... Options>
auto unroll(const std::type_info& cell, std::int64_t steps, const X& xs, const State& state, Step&& step,
            const Options&... option) {
  using Result = std::decay_t<decltype(step(xs, state))>;
  using Split = StepResult<Result, State>;
  using Output = std::decay_t<decltype(Split::output(std::declval<Result>()))>;
  UnrollOptions options;
  (option(options), ...);
  options.state_names = paths_of(state);
  check_present("unroll", "the initial state", state);
  std::optional<Output> prototype;
  const auto flat = unroll_flat(
      steps, flatten(xs), flatten(state),
      [&](const Tensors& x, const Tensors& s) -> FlatStep {
        const CellScope scope(cell);
        const Result result = step(unflatten(xs, x), unflatten(state, s));
        prototype = Split::output(result);
        const auto next = Split::state(result);
        check_present("unroll", "the state that the cell returns", next);
        check_present("unroll", "the output that the cell returns", *prototype);
        return {flatten(*prototype), flatten(next)};
      },
      options);
  return Unrolled<Output, State>{unflatten(*prototype, flat.outputs), unflatten(state, flat.state),
                                 flat.node};
}

/// Whether a cell can be unrolled over these; one line of the compiler's says what is wrong where it cannot.
template <class Cell, class State, class... Input>
constexpr bool can_unroll() {
  constexpr bool are_tensors = is_of_tensors<State> && (is_of_tensors<Input> && ...);
  static_assert(
      are_tensors,
      "the input and the state of an unroll are Tensors, tuples, arrays or vectors of them, or a struct "
      "that names its members by REEL_MEMBERS(...) in it; an Array comes in as an argument of the function "
      "or as constant(array)");
  if constexpr (are_tensors) {
    using Tensors = rebound<State, Tensor>;
    constexpr bool is_called =
        std::is_invocable_v<const Cell&, const rebound<Input, Tensor>&..., const Tensors&>;
    static_assert(
        is_called,
        "a cell is called as cell(x, state), without an input sequence as cell(state), with one step of "
        "the input and the state in the structures that the unroll was given, and must not be mutable");
    if constexpr (is_called) {
      using Result = std::invoke_result_t<const Cell&, const rebound<Input, Tensor>&..., const Tensors&>;
      constexpr bool is_result = StepResult<std::decay_t<Result>, Tensors>::is_valid;
      static_assert(
          is_result,
          "a cell returns its next state, of the type of the initial one, or a pair {output, next state}; "
          "structs name their members by REEL_MEMBERS(...)");
      return is_result;
    }
  }
  return false;
}

/// What an unroll that does not compile is said to give, so that the reader of errors is spared more of them.
template <class State>
auto nothing_unrolled(const State& state) {
  if constexpr (is_of_arrays<State>) {
    using Tensors = rebound<State, Tensor>;
    return Unrolled<Tensors, Tensors>{};
  } else {
    return Unrolled<State, State>{state, state, {}};
  }
}

}  // namespace structure

/// Runs `cell` over a sequence: records one step and repeats it.
///
/// `xs` is a tensor [T, ...] or a structure of them, one slice of which a step gets. `cell` is any callable
/// (x, state) -> state or (x, state) -> {output, state}: a result of the type of the state is state and
/// output in one. `state` is the initial state; a literal such as zeros(), 0 or true takes the element type
/// that the step gives it. Values from outside that the cell uses are the same at every step. `options` are
/// functions of UnrollOptions, such as Reverse, Expanded, Recompute, Checkpoint, WithoutRehearsal, in any
/// order.
///
/// What one step leaves for the next is its state, which it returns. A cell that keeps something in itself
/// instead would do the same at every step, so the cell is recorded a second time to see that it gives the
/// same operations; what changes only from a third call on is not seen, nor what a cell makes of exceptions
/// that it catches. Where literals of the state take another type than the sequences', it is called more
/// often. Errors, prints and profiles name what it records by a scope of the cell's type.
///
/// Returns the outputs of all steps [T, ...] and the state after the last; with no steps, empty outputs and
/// the initial state. Throws RecordError for sequences of different lengths, for a step that hands on a state
/// of another shape or type, where a tensor is absent, and for a cell that keeps something in itself. Unrolls
/// nest: what is kept of every step, for the outputs or for a derivative, has an axis for each, and where a
/// shape cannot have that many, the unroll is refused.
template <class Cell, class X, class State, class... Options,
          class = std::enable_if_t<!std::is_arithmetic_v<X>>>
auto unroll(const Cell& cell, const X& xs, const State& state, const Options&... options) {
  if constexpr (structure::can_unroll<Cell, State, X>()) {
    const auto sequences = structure::tensors_of(xs);
    structure::check_present("unroll", "the input", sequences);
    return structure::unroll(
        typeid(Cell), common_length(structure::flatten(sequences)), sequences, structure::tensors_of(state),
        [&](const auto& x, const auto& s) { return cell(x, s); }, options...);
  } else {
    return structure::nothing_unrolled(state);
  }
}

/// The same without an input sequence, for `steps` steps: the cell is (state) -> state or (state) -> {output,
/// state}.
template <class Cell, class State, class... Options>
auto unroll(const Cell& cell, std::int64_t steps, const State& state, const Options&... options) {
  if constexpr (structure::can_unroll<Cell, State>())
    return structure::unroll(
        typeid(Cell), steps, std::tuple<>{}, structure::tensors_of(state),
        [&](const auto&, const auto& s) { return cell(s); }, options...);
  else
    return structure::nothing_unrolled(state);
}

}  // namespace reel

/// @cond
template <class Outputs, class State>
struct std::tuple_size<reel::Unrolled<Outputs, State>> : std::integral_constant<std::size_t, 2> {};
template <class Outputs, class State>
struct std::tuple_element<0, reel::Unrolled<Outputs, State>> {
  using type = Outputs;
};
template <class Outputs, class State>
struct std::tuple_element<1, reel::Unrolled<Outputs, State>> {
  using type = State;
};
/// @endcond
