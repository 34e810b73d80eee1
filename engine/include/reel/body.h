#pragma once
/// @file
/// @ingroup tapes
/// What an unroll repeats.
#include "tape.h"

namespace REEL_PUBLIC reel {

/// One step of an unroll, recorded on a tape of its own. Its inputs are argument nodes of that tape.
///
/// An unroll node's operands stand in the same order: sequences [T, ...], invariants, initial carries.
struct Body {
  /// An empty one; `floating`, float32 or float64, is the type of literals that meet nothing typed.
  explicit Body(ElementType floating) : tape(std::make_unique<Tape>(floating)) {}

  std::unique_ptr<Tape> tape;  ///< The operations of the step.
  /// One slice of a sequence at each step.
  std::vector<NodeId> sequences;
  /// The same value at every step.
  std::vector<NodeId> invariants;
  /// Values handed from step to step.
  std::vector<NodeId> carries;
  /// For each of the carries the value that the step hands on.
  std::vector<NodeId> next;

  /// Whether every step hands carry `k` on as it is: an invariant in all but name.
  bool keeps(std::size_t k) const { return next[k] == carries[k]; }
};

/// What an unroll node holds.
struct UnrollNode {
  std::shared_ptr<Body> body;  ///< The step that is repeated.
  std::int64_t steps;          ///< How often.
  bool reverse;                ///< Whether the last step runs first.
  /// Forward values are recomputed for the derivative instead of stored.
  bool recompute;
  /// Computed for a derivative: effects inside have happened already.
  bool silent;

  /// Whether running it is seen from outside.
  bool has_effects() const { return !silent && !body->tape->roots().empty(); }
  /// From the attributes of a recorded operation, and as these.
  /// @{
  static UnrollNode of(const Attributes& attributes);
  Attributes attributes() const;
  /// @}
};

}  // namespace reel
