#pragma once
/// @file
/// @ingroup recurrence
/// Initial states that are learned, or carried from run to run.
#include <reel/model.h>
#include <reel/structure.h>

namespace REEL_PUBLIC reel {

namespace structure {

/// What a tensor of a state is called in a model: its place in the state, "state" where it is all of it.
std::string state_part_name(const std::string& path);
/// The parameter for one tensor of a learned state, of which `first` [1, ...] is the first value of one
/// sequence; absent where it is no floating one with one value everywhere.
Parameter learned_part(const Scope& scope, const std::string& name, const Tensor& first);
/// It for `batch` sequences, [batch, ...].
Tensor learned_value(const Parameter& parameter, const Tensor& first, std::int64_t batch);
Array learned_host_value(const Parameter& parameter, const Tensor& first, std::int64_t batch,
                         ElementType element);
/// The state of the model for one tensor of a carried state.
Parameter carried_part(const Scope& scope, const std::string& name, const Tensor& first);
/// Every element as in `first`.
void start_again(const Parameter& part, const Tensor& first);

/// `make(name, leaf)` of every tensor of a state, in order.
template <class State, class Make>
std::vector<Parameter> parameters_of(const State& state, const Make& make) {
  std::vector<Parameter> parts;
  const auto paths = paths_of(state);
  for_each_leaf(
      state, [&](const Tensor& leaf) { parts.push_back(make(state_part_name(paths[parts.size()]), leaf)); });
  return parts;
}

}  // namespace structure

/// An initial state that is learned: a parameter for each floating tensor of the state, the same for all
/// sequences, under `scope`, named as in the state ("h", "c"; "state" where it is one tensor). `first`, such
/// as `cell.initial_state(1)`, tells their shapes, [1, ...], and first values; counters and flags stay as
/// there. Throws Error for a first value that is no literal or not [1, ...].
///
///     LearnedState start(model / "start", cell.initial_state(1));
///     ... unroll(cell, x, start(batch))
template <class State>
class LearnedState {
 public:
  /// Makes the parameters under `scope`.
  LearnedState(const Scope& scope, State first)
      : model_(&scope.model()),
        first_(std::move(first)),
        parameters_(structure::parameters_of(first_, [&](const std::string& name, const Tensor& leaf) {
          return structure::learned_part(scope, name, leaf);
        })) {}

  /// The state of `batch` sequences.
  State operator()(std::int64_t batch) const {
    auto state = first_;
    std::size_t k = 0;
    structure::for_each_leaf(
        state, [&](Tensor& leaf) { leaf = structure::learned_value(parameters_[k++], leaf, batch); });
    return state;
  }
  /// It on the host, as it is now: for Stream::set_state() and functions that take a state.
  structure::rebound<State, Array> host(std::int64_t batch) const {
    std::size_t k = 0;
    return structure::converted<structure::rebound<State, Array>>(first_, [&](const Tensor& leaf) {
      const auto& parameter = parameters_[k++];
      return structure::learned_host_value(parameter, leaf, batch, model_->element());
    });
  }

 private:
  const Model* model_;
  State first_;
  std::vector<Parameter> parameters_;
};

/// A state that a model keeps from run to run, each batch going on where the one before ended: of functions
/// and training steps that read it and hand on a new one. It is no parameter, so that no derivative goes back
/// over the runs. `first`, such as `cell.initial_state(batch)`, tells its types and the values that it begins
/// with.
///
///     CarriedState carried(model / "carried", cell.initial_state(32));
///     TrainingStep step(model, Adam(), [&](Tensor x, Tensor y) {
///       auto [outputs, state] = unroll(cell, x, carried());
///       carried.keep(state);
///       return cross_entropy(head(outputs), y);
///     });
template <class State>
class CarriedState {
 public:
  /// Makes the states under `scope`. Throws Error for a first value that is no literal.
  CarriedState(const Scope& scope, State first)
      : first_(std::move(first)),
        parts_(structure::parameters_of(first_, [&](const std::string& name, const Tensor& leaf) {
          return structure::carried_part(scope, name, leaf);
        })) {}

  /// The state as it was before the run.
  State operator()() const {
    auto state = first_;
    std::size_t k = 0;
    structure::for_each_leaf(state, [&](Tensor& leaf) { leaf = parts_[k++]; });
    return state;
  }
  /// Records that the next run finds `next`.
  void keep(const State& next) const {
    std::size_t k = 0;
    structure::for_each_leaf(next, [&](const Tensor& leaf) { update(parts_[k++], leaf); });
  }
  /// Sets it to what it began with, between runs.
  void start_again() const {
    std::size_t k = 0;
    structure::for_each_leaf(first_, [&](const Tensor& leaf) { structure::start_again(parts_[k++], leaf); });
  }

 private:
  State first_;
  std::vector<Parameter> parts_;
};

}  // namespace reel
