#pragma once
#include <tuple>

#include <reel/body.h>

#include "tape/node_lists.h"

namespace reel::passes {

/// Where a value of an unroll's body belongs, once everything is taken out of the loop that can be.
struct StepGroup {
  /// The loop that computes it, a number that tells loops apart; -1 where it needs none.
  std::int32_t loop = -1;
  /// Loops one behind the other that must have run before: 0 for what comes before all of them.
  std::int32_t stage = 0;
  /// Whether it is another value at each step.
  bool varies = false;

  using Key = std::tuple<std::int32_t, std::int32_t, bool>;
  Key key() const { return {loop, stage, varies}; }
  bool operator==(const StepGroup& o) const { return key() == o.key(); }
  bool operator!=(const StepGroup& o) const { return !(*this == o); }
};

/// The live nodes of a body in components that cannot be taken apart: the cycles through carries, an unroll
/// with its projections, and single nodes.
struct StepGroups {
  /// A component comes behind all that it depends on.
  std::vector<StepGroup> of_component;
  NodeLists components;
  /// The component that each node belongs to; -1 where it is not live.
  std::vector<std::int32_t> component;

  bool is_live(NodeId id) const { return component[id] >= 0; }
  const StepGroup& operator[](NodeId id) const { return of_component[component[id]]; }
};

/// The groups of what the `wanted` values need, through the carries too.
StepGroups group_steps(const Body& body, const std::vector<NodeId>& wanted);

/// The live projections of unroll `id`, in their order.
std::vector<NodeId> live_projections(const Tape& tape, const StepGroups& groups, NodeId id);

}  // namespace reel::passes
