#pragma once
#include <map>

#include "record/unroll_operands.h"

namespace reel::passes {

/// What of a tape must be computed.
struct Live {
  std::vector<bool> nodes;
  /// For the body of an unroll: the carries it must keep.
  std::vector<bool> carries;
  /// Whether the body needs an operand of its unroll.
  bool needs(const UnrollOperand& operand) const {
    return operand.is_carry() ? carries[operand.position] : nodes[operand.inner];
  }
  struct Loop;
  /// The live unrolls: what of their bodies is live, and which of their projections.
  std::map<NodeId, Loop> loops;
};

struct Live::Loop {
  Live body;
  std::vector<NodeId> projections;
};

/// What `outputs` need, and the effects and updates of the tape.
Live find_live(const Tape& tape, const std::vector<NodeId>& outputs);

}  // namespace reel::passes
