#pragma once
/// @file
/// @ingroup recurrence
/// The options of unrolls, and unrolls on flat lists.
#include <typeinfo>

#include "body.h"
#include "record.h"

namespace REEL_PUBLIC reel {

/// @cond
/// One step on flat lists: slices of the sequences and the state in, outputs and the next state out.
struct FlatStep {
  Tensors outputs;  ///< What the step gives out.
  Tensors state;    ///< What it hands on, in the order in which it got it.
};
/// A cell on flat lists.
using FlatCell = std::function<FlatStep(const Tensors& x, const Tensors& state)>;

/// What is unrolled. An option may rewrite it: put another cell in place of the user's, and sequences for it
/// behind the user's.
struct FlatCall {
  std::int64_t steps;  ///< How many steps there are.
  bool reverse;        ///< Whether the last step runs first.
  Tensors sequences,   ///< Each [steps, ...].
      state;           ///< The initial state.
  FlatCell cell;       ///< What is done at every step.
};
/// @endcond

/// How an unroll runs; set by the options below.
struct UnrollOptions {
  bool reverse = false;    ///< The last step runs first.
  bool expanded = false;   ///< Each step is recorded by itself.
  bool recompute = false;  ///< The derivative computes forward values again.
  bool rehearse = true;    ///< The cell is recorded a second time, to see that it does the same.
  /// So many steps are recomputed from one stored state; 0 where all are stored.
  std::int64_t checkpoint = 0;
  /// What else is to be done at every step, put into operations of the cell, one after the other.
  std::vector<std::function<void(FlatCall& call)>> rewrites = {};
  /// What errors call the tensors of the state, such as "h".
  std::vector<std::string> state_names = {};
};

/// The steps run from the last to the first.
inline constexpr auto Reverse = [](UnrollOptions& options) { options.reverse = true; };
/// The cell is recorded once for each step on the tape around it, as in textbooks: slower, the same values.
/// For tests, and for structure that varies by step.
inline constexpr auto Expanded = [](UnrollOptions& options) { options.expanded = true; };
/// The derivative recomputes forward values inside each step instead of storing them.
inline constexpr auto Recompute = [](UnrollOptions& options) { options.recompute = true; };

/// The derivative stores the state of every k-th step alone and computes the steps from there on again (Chen
/// et al. 2016): memory for steps / k states and k steps, for the time of a second forward pass. `Checkpoint`
/// by itself takes the square root of the number of steps for k. Values and random choices stay what they
/// are. Such an unroll has no node to project from, and prints name the chunk and the step in it. `Expanded`
/// leaves it out.
struct CheckpointOption {
  /// Stands for the square root.
  static constexpr std::int64_t by_itself = -1;
  std::int64_t every = by_itself;  ///< So many steps from one stored state.

  /// The option for this number of steps. Throws RecordError unless it is 1 or more.
  constexpr CheckpointOption operator()(std::int64_t k) const {
    if (k < 1) throw RecordError("[unroll] Checkpoint needs a number of steps from 1 on");
    return {k};
  }
  /// Sets UnrollOptions::checkpoint. Throws RecordError where it is set already.
  void operator()(UnrollOptions& options) const {
    if (options.checkpoint != 0) throw RecordError("[unroll] the option Checkpoint is given twice");
    options.checkpoint = every;
  }
};
/// The option, as Checkpoint or Checkpoint(k).
inline constexpr CheckpointOption Checkpoint;

/// The cell is recorded but once. Otherwise it is recorded a second time, which must give the same
/// operations: a cell that keeps something in itself from step to step, instead of handing it on in its
/// state, is refused.
inline constexpr auto WithoutRehearsal = [](UnrollOptions& options) { options.rehearse = false; };

/// A recorded unroll node, from which any value of its body can be projected at any later time.
class Unroll {
 public:
  Unroll() = default;
  /// Node `id` of `tape`, an unroll.
  Unroll(Tape& tape, NodeId id) : node_(tape, id) {}
  /// Its place on its tape.
  NodeId id() const { return node_.id(); }
  /// `value`, a tensor of the body, at every step: [T, ...].
  /// @{
  Tensor stacked(const Tensor& value) const { return stacked(body_id(value)); }
  Tensor stacked(NodeId value) const;
  /// @}
  /// `value`, a tensor of the body, summed over the steps; int64 for integers and bools.
  /// @{
  Tensor summed(const Tensor& value) const { return summed(body_id(value)); }
  Tensor summed(NodeId value) const;
  /// @}
  /// Carry `position` after the last step.
  Tensor final_carry(std::int64_t position) const;
  /// The step that it repeats.
  const Body& body() const;

 private:
  NodeId body_id(const Tensor& value) const;
  const TensorType& type_of(NodeId value) const;
  Tensor project(const Operation& operation, const Attributes& attributes) const;

  Tensor node_;  // absent of an expanded unroll
};

/// @cond
/// What a cell records during its life stands in a scope named for the cell's type, below the current one:
/// "MinimalGatedUnit", and "cell" for a lambda. Layers enter scopes of their own in it.
class CellScope {
 public:
  /// Enters the scope; without a recording in progress it does nothing.
  explicit CellScope(const std::type_info& cell);

 private:
  ScopeGuard guard_;
};

/// Outputs of every step [T, ...], the state after the last, and the node (absent when expanded or
/// checkpointed).
struct FlatUnroll {
  Tensors outputs;  ///< Each [T, ...].
  Tensors state;    ///< After the last step.
  Unroll node;      ///< Absent when expanded or checkpointed.
};

/// Unrolls `cell` over `steps` steps. Every sequence is [steps, ...]. Throws RecordError for sequences of
/// other lengths, for a step that hands on a state of another shape or type, and for a cell that gives other
/// operations when it is recorded a second time.
FlatUnroll unroll_flat(std::int64_t steps, const Tensors& sequences, const Tensors& state,
                       const FlatCell& cell, const UnrollOptions& options = {});

/// The length all sequences share. Throws RecordError where they differ or there is none.
std::int64_t common_length(const Tensors& sequences);
/// @endcond

}  // namespace reel
