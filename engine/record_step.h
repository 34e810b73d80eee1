#pragma once
#include <reel/unroll_flat.h>

namespace reel {

/// What a cell is recorded with.
struct StepContext {
  Tape& outer;
  std::int64_t steps;
  const Tensors& sequences;
  const FlatCell& cell;
  const UnrollOptions& options;
  /// Tells the random values of this unroll from others'.
  std::uint64_t key;
};

/// One step as it was recorded.
struct RecordedStep {
  std::shared_ptr<Body> body;
  std::vector<NodeId> outputs;
  /// On the tape around it: sequences beyond those of the context, and the values of the invariants.
  std::vector<NodeId> added_sequences, captured;
};

/// The state that a step hands on, on `tape`, with the types it came with. Throws RecordError where they
/// differ.
Tensors checked_state(Tape& tape, const Tensors& before, const Tensors& after, const UnrollOptions& options);

/// The types in which the state enters a step: those for which `use`, which records the step, is content.
/// Literals without an element type first have the type of the sequences. Where that fails they have the type
/// that the step gives them, which a recording tells in which they are literals still.
std::vector<TensorType> state_types(const StepContext& context, const Tensors& state,
                                    const std::function<void(const std::vector<TensorType>&)>& use);

/// Records the cell with a state of `types`, which it finds, and, unless an option leaves that out, a second
/// time. Throws RecordError where the cell gives other operations then: it keeps something in itself that
/// belongs in the state.
RecordedStep record_step(const StepContext& context, const Tensors& state, std::vector<TensorType>& types);

}  // namespace reel
