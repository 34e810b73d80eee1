#pragma once
/// @file
/// @ingroup recurrence
/// Initial states in arrays.
#include "model.h"
#include "structure.h"

namespace REEL_PUBLIC reel {

namespace structure {

/// The elements of a tensor that has one value everywhere; one that has no type of its own takes `element`.
Array host_values(const Tensor& literal, ElementType element);

}  // namespace structure

/// A state of literals, such as `cell.initial_state(batch)`, in arrays: what a function that takes and
/// returns a state is called with first. Literals without a type of their own are of the model's. Throws
/// Error for what is no literal.
///
///     auto state = host_state(model, cell.initial_state(batch));
///     for (const auto& x : batches) std::tie(y, state) = predict(x, state);
template <class State>
structure::rebound<State, Array> host_state(const Model& model, const State& state) {
  return structure::converted<structure::rebound<State, Array>>(
      state, [&](const auto& leaf) { return structure::host_values(Tensor(leaf), model.element()); });
}

}  // namespace reel
