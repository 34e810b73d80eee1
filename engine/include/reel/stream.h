#pragma once
/// @file
/// @ingroup recurrence
/// Cells that run step by step.
#include <optional>

#include "function.h"
#include "host_state.h"
#include "unroll.h"

namespace REEL_PUBLIC reel {

namespace structure {

/// @cond
/// The next state with the types that the state came with. Throws RecordError where it has others.
Tensors handed_on(const Tensors& before, const Tensors& after, const std::vector<std::string>& names);
/// @endcond

/// @cond
/// One step of a cell by itself, as a recorded function: {output, next state}.
template <class Cell, class X, class State>
struct StreamStep {
  Cell cell;

  auto operator()(const X& x, const State& state) const {
    const CellScope scope(typeid(Cell));
    const auto result = call(x, state);
    using Split = StepResult<std::decay_t<decltype(result)>, State>;
    static_assert(
        Split::is_valid,
        "a cell returns its next state, of the type of the one it got, or a pair {output, next state}");
    const auto next = Split::state(result);
    check_present("Stream", "the state that the cell returns", next);
    return std::pair(Split::output(result),
                     unflatten(state, handed_on(flatten(state), flatten(next), paths_of(state))));
  }

 private:
  auto call(const X& x, const State& state) const {
    constexpr bool is_called = std::is_invocable_v<const Cell&, const X&, const State&>;
    if constexpr (std::is_same_v<X, std::tuple<>> && std::is_invocable_v<const Cell&, const State&>) {
      return cell(state);
    } else if constexpr (is_called) {
      return cell(x, state);
    } else {
      static_assert(
          is_called,
          "the cell of a Stream is called as cell(x, state), by step() as cell(state); what runs over "
          "whole sequences has no steps");
      return state;
    }
  }
};
/// @endcond

}  // namespace structure

/// A cell that runs step by step, on one input after the other as they come in. The state is kept in place,
/// and a step takes no memory.
///
///     Stream stream(model, cell, cell.initial_state(1));
///     while (read(x)) write(stream.step(x));      // x [1, input]
///
/// Whatever is called like a cell can stream, a lambda with layers behind a cell as well. The first step, and
/// the first with an input of another type, records and compiles. Further arguments of the constructor are
/// options, as of a Function. Errors are those of a Function; a step that throws leaves the state as it was.
/// One thread at a time.
template <class Cell, class State>
class Stream {
 public:
  /// The state in Arrays.
  using HostState = structure::rebound<State, Array>;

  /// `state` is of literals, such as `cell.initial_state(1)`, or, where it is a tensor, a tuple, a vector or
  /// a struct template such as LSTMStateOf, of Arrays, such as a LearnedState's `host(1)`; any other goes on
  /// from Arrays by set_state(). `model` must outlive the stream.
  template <class... Options>
  Stream(Model& model, Cell cell, const State& state, const Options&... options)
      : model_(&model), cell_(std::move(cell)), first_(on_host(model, state)), state_(first_) {
    (options(options_), ...);
  }

  // One stream has one state.
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  /// The state goes along.
  /// @{
  Stream(Stream&&) = default;
  Stream& operator=(Stream&&) = default;
  /// @}

  /// The output of one step, for an Array or a structure of them: valid until the next step.
  template <class X>
  const auto& step(const X& x) {
    if (takes(x)) return run<X>();
    const X kept = x;  // perhaps the last output, which is made anew
    prepare(kept);
    return run<X>();
  }
  /// The same of a cell without an input, (state) -> state or (state) -> {output, state}.
  const auto& step() { return step(std::tuple<>()); }

  /// The state after the last step.
  const HostState& state() const { return state_; }
  /// Goes on from `state`. Throws Error for one of other types than the first.
  void set_state(const HostState& state) {
    const auto given = types_of(pointers_to_leaves(state)), wanted = types_of(pointers_to_leaves(first_));
    if (given != wanted)
      throw Error("[Stream] a state of (" + to_string(given) + ") is not one of (" + to_string(wanted) + ")");
    put(state);
  }
  /// Goes on from the state that it began with; takes no memory.
  void start_again() { put(first_); }
  /// The program of a step with inputs like the last one: to explain() it.
  template <class X>
  Program program(const X& x) {
    if (!takes(x)) prepare(X(x));
    return *runs_of<X>().program;
  }

 private:
  static HostState on_host(const Model& model, const State& state) {
    if constexpr (std::is_same_v<State, HostState>)
      return state;
    else
      return host_state(model, state);
  }

  template <class Leaf>
  struct IsArray : std::is_same<Leaf, Array> {};

  /// Steps with inputs of one structure.
  template <class X>
  struct Runs {
    using Step =
        structure::StreamStep<Cell, structure::rebound<X, Tensor>, structure::rebound<State, Tensor>>;
    using Result = std::invoke_result_t<const Step&, const structure::rebound<X, Tensor>&,
                                        const structure::rebound<State, Tensor>&>;
    Function<Step> function;
    structure::rebound<std::tuple_element_t<0, Result>, Array> output;
    std::optional<Program> program;
  };

  template <class S>
  static std::vector<const Array*> pointers_to_leaves(const S& s) {
    std::vector<const Array*> pointers;
    structure::for_each_leaf(s, [&](const Array& leaf) { pointers.push_back(&leaf); });
    return pointers;
  }

  /// Copies the elements of a state of the same types.
  void put(const HostState& from) {
    std::size_t wanted = 0;
    structure::for_each_leaf(state_, [&](Array& to) {
      std::size_t position = 0;
      structure::for_each_leaf(from, [&](const Array& leaf) {
        if (position++ == wanted) std::memcpy(to.raw(), leaf.raw(), to.bytes());
      });
      ++wanted;
    });
  }

  template <class X>
  Runs<X>& runs_of() {
    return *static_cast<Runs<X>*>(runs_.get());
  }

  template <class X>
  const auto& run() {
    auto& runs = runs_of<X>();
    auto next = inputs_.size();
    structure::for_each_leaf(state_, [&](const Array& leaf) { arguments_[next++] = &leaf; });
    runs.program->run(arguments_, results_);
    next = 0;
    const auto take = [&](Array& leaf) { std::swap(leaf, results_[next++]); };
    structure::for_each_leaf(runs.output, take);
    structure::for_each_leaf(state_, take);
    return runs.output;
  }

  /// Puts `x` among the arguments; false where there is no program yet for inputs of its types.
  template <class X>
  bool takes(const X& x) {
    static_assert(structure::AllLeaves<X, IsArray>::value,
                  "a step of a Stream takes an Array, or a tuple, vector or struct with REEL_MEMBERS(...) of "
                  "Arrays");
    if (tag_ != &structure::type_tag<X> || !runs_of<X>().program) return false;
    std::size_t next = 0;
    bool same = true;
    structure::for_each_leaf(x, [&](const Array& leaf) {
      same = same && next < inputs_.size() && leaf.type() == inputs_[next];
      if (same) arguments_[next] = &leaf;
      ++next;
    });
    return same && next == inputs_.size();
  }

  /// Makes the program for inputs like `x`, and puts `x` among its arguments.
  template <class X>
  void prepare(const X& x) {
    if (tag_ != &structure::type_tag<X>) {
      tag_ = nullptr;
      const auto same_options = [&](CompileOptions& options) { options = options_; };
      using Step = typename Runs<X>::Step;
      runs_ = std::make_shared<Runs<X>>(
          Runs<X>{Function<Step>(*model_, Step{cell_}, same_options), {}, std::nullopt});
      tag_ = &structure::type_tag<X>;
    }
    auto& runs = runs_of<X>();
    runs.program.reset();
    auto program = runs.function.program(x, state_);
    runs.output = std::get<0>(runs.function.result_like(x, state_));
    arguments_ = pointers_to_leaves(x);
    inputs_ = types_of(arguments_);
    arguments_.resize(inputs_.size() + pointers_to_leaves(state_).size());
    results_.clear();
    runs.program.emplace(std::move(program));
  }

  Model* model_;
  Cell cell_;
  CompileOptions options_;
  HostState first_, state_;
  std::shared_ptr<void> runs_;  // Runs of the type of the last input
  const char* tag_ = nullptr;   // of that type
  std::vector<TensorType> inputs_;
  std::vector<const Array*> arguments_;
  std::vector<Array> results_;
};

/// Of a cell and its first state, whose types are the stream's.
template <class Cell, class State, class... Options>
Stream(Model&, Cell, State, const Options&...) -> Stream<Cell, State>;

}  // namespace reel
