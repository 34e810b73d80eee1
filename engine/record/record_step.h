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
  /// The numbers of the steps [steps]; absent where they count from 0.
  Tensor positions = {};
  /// Each step is a chunk of steps, which number themselves.
  bool is_of_chunks = false;
};

/// One step as it was recorded.
struct RecordedStep {
  std::shared_ptr<Body> body;
  std::vector<NodeId> outputs;
  /// On the tape around it: sequences beyond those of the context, and the values of the invariants.
  std::vector<NodeId> added_sequences, captured;
};

/// What errors call a tensor of the state: "state c".
std::string state_name(const UnrollOptions& options, std::size_t position);

/// The state that a step hands on, on `tape`, with the types it came with. Throws RecordError where they
/// differ.
Tensors checked_state(Tape& tape, const Tensors& before, const Tensors& after, const UnrollOptions& options);

/// Calls `use`, which records the steps, with types of the state for which it is content: literals without an
/// element type first have the type of the sequences. Where that fails they have the types that the step
/// gives them, which recordings of it tell.
void with_state_types(const StepContext& context, const Tensors& state,
                      const std::function<void(const std::vector<TensorType>&)>& use);

/// Records the cell with a state of `types`, which it finds in the same way, and, unless an option leaves
/// that out, a second time. Throws RecordError where the cell gives other operations then: it keeps something
/// in itself that belongs in the state.
RecordedStep record_step(const StepContext& context, const Tensors& state, std::vector<TensorType>& types);

}  // namespace reel
