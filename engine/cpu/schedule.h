#pragma once
#include "liveness.h"

namespace reel::cpu {

/// One thing to do: a node with a kernel, an unroll, a concat or a pad, or several maps in one pass over
/// memory.
struct Item {
  std::vector<NodeId> nodes;  // in their order on the tape
  bool is_cluster = false;
};

/// The live nodes of a tape as a list of items, in an order in which operands come first.
struct Schedule {
  std::vector<Item> items;
  /// For each node the item that computes it; -1 for inputs and other layouts of an operand.
  std::vector<std::int32_t> item_of;
  /// For each node: from parameters and constants alone, and worth keeping from run to run.
  std::vector<bool> kept;
};

/// Whether a map can be run as a loop over tiles.
bool has_loop(const Tape& tape, NodeId id);

/// Maps of one shape that read one another, or the same values, become one item where nothing else must be
/// computed in between. `fuse` off: every map is an item of its own. `wanted`: values that are used from
/// outside.
Schedule make_schedule(const Tape& tape, const Live& live, const std::vector<NodeId>& wanted, bool fuse,
                       bool outermost);

}  // namespace reel::cpu
