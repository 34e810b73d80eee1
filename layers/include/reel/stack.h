#pragma once
#include <reel/dropout.h>
#include <reel/unroll.h>

/// @file
/// @ingroup recurrence
/// Cells of cells: stacks, shortcuts around a cell, and both directions. Each is made of any cells, the
/// user's own and each other, and is unrolled as any cell is.
namespace REEL_PUBLIC reel {

namespace structure {

/// Whether a part takes whole sequences, because it runs over them in both directions or has a part that
/// does.
template <class Part, class = void>
inline constexpr bool takes_sequences = false;
template <class Part>
inline constexpr bool takes_sequences<Part, std::enable_if_t<Part::takes_sequences>> = true;
template <class Part>
inline constexpr bool takes_sequences<std::vector<Part>> = takes_sequences<Part>;

template <class Part, class = void>
inline constexpr bool has_initial_state = false;
template <class Part>
inline constexpr bool has_initial_state<
    Part, std::void_t<decltype(std::declval<const Part&>().initial_state(std::int64_t{}))>> = true;

/// The state of a part, all zeros or what it asks for; of a vector of parts a vector of them.
template <class Part>
auto initial_state_of(const Part& part, std::int64_t batch) {
  if constexpr (is_vector<Part>) {
    std::vector<decltype(initial_state_of(part[0], batch))> states;
    for (const auto& each : part) states.push_back(initial_state_of(each, batch));
    return states;
  } else {
    return part.initial_state(batch);
  }
}

/// One step of a cell: its output, and its next state.
template <class Cell, class X, class State>
auto step_of(const Cell& cell, const X& x, const State& state) {
  const auto result = cell(x, state);
  using Split = StepResult<std::decay_t<decltype(result)>, State>;
  static_assert(Split::is_valid,
                "a cell in a stack returns its next state, of the type of the one it got, or a pair {output, "
                "next state}");
  return std::pair(Split::output(result), Split::state(result));
}

/// An option of unroll: the steps run the other way than the options before say.
struct OtherWay {
  void operator()(UnrollOptions& options) const { options.reverse = !options.reverse; }
};

/// Cells of a vector, one on the other, each run by `way`; `between` is done to what one hands to the next.
template <class Way, class Part, class X, class State, class Between>
auto run_cells(const Way& way, const std::vector<Part>& cells, const X& x, const std::vector<State>& state,
               const Between& between) {
  if (cells.size() != state.size())
    throw RecordError("[Stack] " + std::to_string(cells.size()) + " cells of a vector got " +
                      std::to_string(state.size()) + " states");
  auto output = x;
  auto next = state;
  for (std::size_t i = 0; i < cells.size(); ++i)
    std::tie(output, next[i]) = way(cells[i], i > 0 ? between(output) : output, state[i]);
  return std::pair(output, next);
}

/// Ways to run a part: for a step, and over whole sequences with the options of unroll.
struct ByStep {
  template <class Part, class X, class State>
  auto operator()(const Part& part, const X& x, const State& state) const {
    if constexpr (is_vector<Part>)
      return run_cells(*this, part, x, state, [](const auto& output) { return output; });
    else
      return step_of(part, x, state);
  }
};
template <class... Options>
struct BySequence {
  std::tuple<const Options&...> options;
  template <class Part, class X, class State>
  auto operator()(const Part& part, const X& x, const State& state) const {
    if constexpr (is_vector<Part>) {
      return run_cells(*this, part, x, state, [](const auto& output) { return output; });
    } else {
      auto result = std::apply([&](const auto&... each) { return unroll(part, x, state, each...); }, options);
      return std::pair(std::move(result.outputs), std::move(result.state));
    }
  }
};

}  // namespace structure

/// Cells one on the other: each gets the output of the one below as its input. Parts are cells, layers
/// without a state, such as a Linear or a lambda of the input alone, and vectors of cells of one type. The
/// state is a tuple of the states of the parts that have one, of a vector of cells a vector of states; the
/// output is that of the last part.
///
///     Stack stack(LSTM(model / "first", 64, 256), GRU(model / "second", 256, 256));
///     auto [outputs, state] = unroll(stack, x, stack.initial_state(batch));
///
/// Where a part is Bidirectional the stack is unrolled part by part, and gets what unroll gets: sequences.
template <class... Parts>
struct Stack {
  /// Whether it has no steps, since a part has none.
  static constexpr bool takes_sequences = (structure::takes_sequences<Parts> || ...);

  std::tuple<Parts...> parts;  ///< From the one that gets the input to the one whose output it is.
  /// With which what one part hands to the next is dropped out; absent where it never is.
  Tensor dropout_rate;

  /// Of these parts, each copied; copies share their parameters.
  explicit Stack(Parts... parts) : parts(std::move(parts)...) {}

  /// The same stack, of the same parameters, with dropout between its parts and between the cells of a
  /// vector among them: of all floating tensors that one hands to the next. `rate` may be an argument of the
  /// run. A vector within a Residual or a Bidirectional is none of its parts: put a Stack with dropout there.
  Stack with_dropout(const Tensor& rate) const {
    auto stack = *this;
    stack.dropout_rate = rate;
    return stack;
  }

  /// The initial states of the parts.
  auto initial_state(std::int64_t batch) const {
    return std::apply(
        [&](const auto&... part) {
          const auto state = [&](const auto& each) {
            using Part = std::decay_t<decltype(each)>;
            if constexpr (structure::is_vector<Part> || structure::has_initial_state<Part>)
              return std::make_tuple(structure::initial_state_of(each, batch));
            else
              return std::tuple<>();
          };
          return std::tuple_cat(state(part)...);
        },
        parts);
  }

  /// One step of each part: the output of the last, and the next states. Throws RecordError as the parts do.
  template <class X, class... States>
  auto operator()(const X& x, const std::tuple<States...>& state) const {
    static_assert(!takes_sequences,
                  "a stack with a Bidirectional part has no steps; unroll(stack, x, state) "
                  "runs it over a sequence");
    return run(structure::ByStep(), x, state);
  }

  /// Runs the parts one after the other, each by `way`: output and next states.
  template <class Way, class X, class... States>
  auto run(const Way& way, const X& x, const std::tuple<States...>& state) const {
    return run_from<0, 0>(way, x, state);
  }

 private:
  template <class Part, class X>
  static constexpr bool is_layer = [] {
    if constexpr (structure::is_vector<Part>)
      return false;
    else
      return std::is_invocable_v<const Part&, const X&>;
  }();

  /// From part P on, whose state is the S-th.
  template <std::size_t P, std::size_t S, class Way, class X, class... States>
  auto run_from(const Way& way, const X& x, const std::tuple<States...>& state) const {
    if constexpr (P == sizeof...(Parts)) {
      static_assert(S == sizeof...(States),
                    "the state of a stack is a tuple of one state for each part that has one");
      return std::pair(x, std::tuple<>());
    } else {
      const auto& part = std::get<P>(parts);
      const auto& input = between(P > 0, x);
      if constexpr (is_layer<std::decay_t<decltype(part)>, X>) {
        return run_from<P + 1, S>(way, part(input), state);
      } else {
        static_assert(S < sizeof...(States),
                      "the state of a stack is a tuple of one state for each part that has one");
        const auto [output, next] = run_part(way, part, input, std::get<S>(state));
        auto [last, rest] = run_from<P + 1, S + 1>(way, output, state);
        return std::pair(std::move(last), std::tuple_cat(std::make_tuple(next), std::move(rest)));
      }
    }
  }

  template <class Way, class Part, class X, class State>
  auto run_part(const Way& way, const Part& part, const X& x, const State& state) const {
    if constexpr (structure::is_vector<Part>)
      return structure::run_cells(way, part, x, state,
                                  [&](const auto& output) { return between(true, output); });
    else
      return way(part, x, state);
  }

  /// What is handed on between two parts.
  template <class X>
  X between(bool is_inner, const X& x) const {
    auto handed = x;
    if (is_inner && dropout_rate.defined())
      structure::for_each_leaf(handed, [&](Tensor& leaf) {
        if (is_floating(leaf.own_element().value_or(ElementType::boolean)))
          leaf = dropout(leaf, dropout_rate);
      });
    return handed;
  }
};

/// The input is added to the output of a cell (He et al. 2016), which has the input's shape. Throws
/// RecordError where it has another.
template <class Part>
struct Residual {
  /// Whether it has no steps, since its part has none.
  static constexpr bool takes_sequences = structure::takes_sequences<Part>;

  Part part;  ///< A cell.

  /// Around a cell.
  explicit Residual(Part part) : part(std::move(part)) {}
  /// That of the part.
  auto initial_state(std::int64_t batch) const { return structure::initial_state_of(part, batch); }

  /// One step: the sum of `x` and the output, and the next state.
  template <class State>
  auto operator()(const Tensor& x, const State& state) const {
    return run(structure::ByStep(), x, state);
  }
  /// Runs the part by `way`: the sum of `x` and the outputs, and the next state.
  template <class Way, class State>
  auto run(const Way& way, const Tensor& x, const State& state) const {
    auto [output, next] = way(part, x, state);
    static_assert(std::is_same_v<decltype(output), Tensor>, "the output of a Residual's part is a Tensor");
    check_usable("Residual", {x, output});
    if (output.shape() != x.shape())
      refuse("Residual", "the output has another shape than the input, to which it is added", {x, output});
    return std::pair(x + output, std::move(next));
  }
};

/// A Residual of a Residual is none of its copies.
template <class Part>
Residual(Residual<Part>) -> Residual<Residual<Part>>;

/// A cell that runs over a sequence from its start and another that runs from its end; the outputs of both
/// side by side, and the states of both as a pair (Schuster and Paliwal 1997). With Lengths the second one
/// starts at each sequence's own end. With Reverse each runs the other way.
///
///     Bidirectional both(LSTM(model / "forward", 64, 128), LSTM(model / "backward", 64, 128));
///     auto [outputs, state] = unroll(both, x, both.initial_state(batch), Lengths(lengths));   // [..., 256]
template <class Forward, class Backward>
struct Bidirectional {
  /// It has no steps: each direction goes over the whole sequence.
  static constexpr bool takes_sequences = true;

  Forward forward;    ///< Runs from the start.
  Backward backward;  ///< Runs from the end.

  /// Of two cells whose outputs are tensors.
  Bidirectional(Forward forward, Backward backward)
      : forward(std::move(forward)), backward(std::move(backward)) {}
  /// Those of both cells, a pair.
  auto initial_state(std::int64_t batch) const {
    return std::pair(structure::initial_state_of(forward, batch),
                     structure::initial_state_of(backward, batch));
  }

  /// Runs both over a sequence with the options of `way`: the outputs side by side along their last axis, and
  /// the pair of states. Throws RecordError for outputs without features.
  template <class... Options, class X, class State>
  auto run(const structure::BySequence<Options...>& way, const X& x, const State& state) const {
    static_assert(structure::is_tuple<State> && std::tuple_size_v<State> == 2,
                  "the state of a Bidirectional is a pair of the states of both directions");
    const structure::OtherWay other_way;
    const structure::BySequence<Options..., structure::OtherWay> back{
        std::tuple_cat(way.options, std::tie(other_way))};
    auto [y, last] = way(forward, x, std::get<0>(state));
    auto [z, first] = back(backward, x, std::get<1>(state));
    static_assert(std::is_same_v<decltype(y), Tensor> && std::is_same_v<decltype(z), Tensor>,
                  "the outputs of both directions are Tensors");
    check_usable("Bidirectional", {y, z});
    if (y.rank() < 2 || z.rank() < 2)
      refuse("Bidirectional", "outputs [time, ..., features] are joined along their features, and have none",
             {y, z});
    return std::pair(concat({y, z}), std::pair(std::move(last), std::move(first)));
  }
};

namespace structure {

template <class Part, class X, class State, class... Options>
auto unroll_parts(const Part& part, const X& x, const State& state, const Options&... options) {
  auto [outputs, next] =
      part.run(BySequence<Options...>{std::tie(options...)}, tensors_of(x), tensors_of(state));
  using Outputs = std::decay_t<decltype(outputs)>;
  return Unrolled<Outputs, std::decay_t<decltype(next)>>{std::move(outputs), std::move(next), {}};
}

}  // namespace structure

/// Runs over a sequence what takes whole sequences: as the unroll of a cell, with the same options, and
/// without a node to project from.
/// @{
template <class Forward, class Backward, class X, class State, class... Options>
auto unroll(const Bidirectional<Forward, Backward>& both, const X& x, const State& state,
            const Options&... options) {
  return structure::unroll_parts(both, x, state, options...);
}
template <class... Parts, class X, class State, class... Options,
          class = std::enable_if_t<Stack<Parts...>::takes_sequences>>
auto unroll(const Stack<Parts...>& stack, const X& x, const State& state, const Options&... options) {
  return structure::unroll_parts(stack, x, state, options...);
}
template <class Part, class X, class State, class... Options,
          class = std::enable_if_t<Residual<Part>::takes_sequences>>
auto unroll(const Residual<Part>& residual, const X& x, const State& state, const Options&... options) {
  return structure::unroll_parts(residual, x, state, options...);
}
/// @}

}  // namespace reel
