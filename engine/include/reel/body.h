#pragma once
#include "tape.h"

namespace REEL_PUBLIC reel {

/// One step of an unroll, recorded on a tape of its own. Its inputs are argument nodes of that tape.
///
/// An unroll node's operands stand in the same order: sequences [T, ...], invariants, initial carries.
struct Body {
  explicit Body(ElementType floating) : tape(std::make_unique<Tape>(floating)) {}

  std::unique_ptr<Tape> tape;
  /// One slice of a sequence at each step.
  std::vector<NodeId> sequences;
  /// The same value at every step.
  std::vector<NodeId> invariants;
  /// Values handed from step to step, and for each the value handed on.
  std::vector<NodeId> carries;
  std::vector<NodeId> next;

  /// Whether every step hands carry `k` on as it is: an invariant in all but name.
  bool keeps(std::size_t k) const { return next[k] == carries[k]; }
};

/// What an unroll node holds.
struct UnrollNode {
  std::shared_ptr<Body> body;
  std::int64_t steps;
  bool reverse;
  /// Forward values are recomputed for the derivative instead of stored.
  bool recompute;
  /// Computed for a derivative: effects inside have happened already.
  bool silent;

  bool has_effects() const { return !silent && !body->tape->roots().empty(); }
  static UnrollNode of(const Attributes& attributes);
  Attributes attributes() const;
};

}  // namespace reel
