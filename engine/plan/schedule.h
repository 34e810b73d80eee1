#pragma once
#include "plan/iteration_spaces.h"

namespace reel::plan {

/// One thing to do: a node with a kernel, an unroll, a concat or a pad, or several maps and reductions of one
/// space in one pass over memory.
struct Item {
  std::vector<NodeId> nodes;  // in their order on the tape
  bool is_fusion = false;
  /// It is a fusion, and none of its values has more elements than the space has rows.
  bool is_of_rows = false;
};

/// The live nodes of a tape as a list of items, in an order in which operands come first.
struct Schedule {
  Spaces spaces;
  std::vector<Item> items;
  /// For each node the item that computes it; -1 for inputs and other layouts of an operand.
  std::vector<std::int32_t> item_of;
  /// For each node: from constants alone and parameters that a run does not change, and not computed again
  /// while these stay.
  std::vector<bool> cached;

  /// How a member of a fusion reads what another member computes; apart where the operand is none.
  Reading reading(NodeId id, std::size_t operand) const;
};

/// Values of one space that read one another, or the same values, become one item where nothing else must be
/// computed in between. `fuse` off: every map is an item of its own. `wanted`: values that are used from
/// outside.
Schedule make_schedule(const Tape& tape, const Live& live, const std::vector<NodeId>& wanted,
                       const Target& target, bool fuse, bool outermost);

}  // namespace reel::plan
