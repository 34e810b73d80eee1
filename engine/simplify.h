#pragma once
#include <reel/tape.h>

namespace reel {

/// A tape, and the values that are wanted of it.
struct Wanted {
  std::unique_ptr<Tape> tape;
  std::vector<NodeId> outputs;
};

/// A copy of what is live, every node in its simplest form and each but once; bodies of unrolls likewise.
/// Carries that never change become invariants. All arguments stay.
Wanted simplify(const Tape& tape, const std::vector<NodeId>& outputs);

}  // namespace reel
