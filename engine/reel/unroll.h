#pragma once
#include <optional>

#include "structure.h"
#include "unroll_flat.h"

namespace reel {

/// What an unroll gives: `auto [outputs, state] = unroll(...)`. `outputs` has a leading time axis; `state` is
/// the one after the last step. `node` projects further values of the step; an expanded unroll has none, and
/// projecting from it is a RecordError.
template <class Outputs, class State>
struct Unrolled {
  Outputs outputs;
  State state;
  Unroll node;

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
};

namespace structure {

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
  static_assert(is_state || is_pair || std::is_convertible_v<Result, State>,
                "a cell returns its next state, or {output, next state}");
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

template <class X, class State, class Step, class... Options>
auto unroll(std::int64_t steps, const X& xs, const State& state, Step&& step, const Options&... option) {
  using Result = std::decay_t<decltype(step(xs, state))>;
  using Split = StepResult<Result, State>;
  using Output = std::decay_t<decltype(Split::output(std::declval<Result>()))>;
  UnrollOptions options;
  (option(options), ...);
  std::optional<Output> prototype;
  const auto flat = unroll_flat(
      steps, flatten(xs), flatten(state),
      [&](const Tensors& x, const Tensors& s) -> FlatStep {
        const Result result = step(unflatten(xs, x), unflatten(state, s));
        prototype = Split::output(result);
        return {flatten(*prototype), flatten(Split::state(result))};
      },
      options);
  return Unrolled<Output, State>{unflatten(*prototype, flat.outputs), unflatten(state, flat.state),
                                 flat.node};
}

}  // namespace structure

/// Runs `cell` over a sequence: records it once and repeats it at every step.
///
/// `xs` is a tensor [T, ...] or a structure of them, one slice of which a step gets. `cell` is any callable
/// (x, state) -> state or (x, state) -> {output, state}: a result of the type of the state is state and
/// output in one. `state` is the initial state; a literal such as zeros() takes the element type of the
/// sequence. Values from outside that the cell uses are the same at every step. `options` are Reverse,
/// Expanded, Recompute.
///
/// Returns the outputs of all steps [T, ...] and the state after the last; with no steps, empty outputs and
/// the initial state. Throws RecordError for sequences of different lengths and for a step that hands on a
/// state of another shape or type. Unrolls nest: what is kept of every step, for the outputs or for a
/// derivative, has an axis for each, and where a shape cannot have that many, the unroll is refused.
template <class Cell, class X, class State, class... Options,
          class = std::enable_if_t<!std::is_arithmetic_v<X>>>
auto unroll(const Cell& cell, const X& xs, const State& state, const Options&... options) {
  const auto sequences = structure::tensors_of(xs);
  return structure::unroll(
      common_length(structure::flatten(sequences)), sequences, structure::tensors_of(state),
      [&](const auto& x, const auto& s) { return cell(x, s); }, options...);
}

/// The same without an input sequence, for `steps` steps: the cell is (state) -> state or (state) -> {output,
/// state}.
template <class Cell, class State, class... Options>
auto unroll(const Cell& cell, std::int64_t steps, const State& state, const Options&... options) {
  return structure::unroll(
      steps, std::tuple<>{}, structure::tensors_of(state),
      [&](const auto&, const auto& s) { return cell(s); }, options...);
}

}  // namespace reel

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
