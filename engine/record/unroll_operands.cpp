#include "record/unroll_operands.h"

#include <reel/structural.h>

#include <algorithm>

namespace reel {

UnrollOperands::UnrollOperands(const Body& body)
    : first_invariant_(body.sequences.size()), first_carry_(first_invariant_ + body.invariants.size()) {
  using Kind = UnrollOperand::Kind;
  all_.reserve(first_carry_ + body.carries.size());
  const auto add = [&](Kind kind, const std::vector<NodeId>& inputs) {
    for (std::size_t position = 0; position < inputs.size(); ++position) {
      const auto next = kind == Kind::carry ? body.next[position] : -1;
      all_.push_back({kind, all_.size(), position, -1, inputs[position], next});
    }
  };
  add(Kind::sequence, body.sequences);
  add(Kind::invariant, body.invariants);
  add(Kind::carry, body.carries);
}

UnrollOperands::UnrollOperands(const Body& body, Span<const NodeId> outer) : UnrollOperands(body) {
  if (outer.size() != all_.size())
    throw InternalError("an unroll has " + std::to_string(outer.size()) + " operands, and its body " +
                        std::to_string(all_.size()) + " inputs");
  for (auto& operand : all_) operand.outer = outer[operand.number];
}

UnrollOperands UnrollOperands::of(const Tape& tape, NodeId unroll) {
  return {*UnrollNode::of(tape.node(unroll).attributes).body, tape.inputs(unroll)};
}

const UnrollOperand* UnrollOperands::find(NodeId inner) const {
  const auto found =
      std::find_if(begin(), end(), [&](const auto& operand) { return operand.inner == inner; });
  return found == end() ? nullptr : found;
}

NodeId append_unroll(Tape& tape, const UnrollNode& unroll, const std::vector<NodeId>& sequences,
                     const std::vector<NodeId>& invariants, const std::vector<NodeId>& initial_carries) {
  auto operands = sequences;
  operands.insert(operands.end(), invariants.begin(), invariants.end());
  operands.insert(operands.end(), initial_carries.begin(), initial_carries.end());
  return tape.append(unroll_operation(), operands, unroll.attributes());
}

}  // namespace reel
