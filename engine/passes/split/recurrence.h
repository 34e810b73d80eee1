#pragma once
#include <optional>

#include <reel/body.h>

#include "passes/split/lift_step.h"

namespace reel::passes {

/// A cycle of a step through one carry in which it is multiplied and added to alone, by what comes from
/// outside: a linear recurrence, which needs no loop.
struct Recurrence {
  NodeId carry;  // the input
  NodeId next;   // what is handed on
  /// What the scan gives at every step: `next`, or, where what is handed on is a multiple of it, that value.
  NodeId result;
  /// The products are those of adjoints; see LinearScan.
  bool of_adjoints;

  bool multiplies_after() const { return result != next; }
};

/// The recurrence that a component is, its nodes in the order of the body; none where it is another cycle.
/// `next` tells of each carry's input what is handed on, -1 of any other node.
std::optional<Recurrence> linear_recurrence(const Body& body, const std::vector<NodeId>& next,
                                            Span<const NodeId> component);

/// Records it as a scan on the tape of `lifting`, which has all that the component reads, and puts all values
/// of the component there. A recording of that tape must be in progress.
void record_scan(const Body& body, Span<const NodeId> component, const Recurrence& recurrence,
                 const Tensor& initial, bool reverse, std::int64_t steps, Lifting& lifting);

}  // namespace reel::passes
