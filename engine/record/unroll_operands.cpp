#include "record/unroll_operands.h"

#include <reel/structural.h>

#include <algorithm>
#include <numeric>

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
  if (by_inner_.size() != all_.size()) {
    by_inner_.resize(all_.size());
    std::iota(by_inner_.begin(), by_inner_.end(), 0);
    std::sort(by_inner_.begin(), by_inner_.end(),
              [&](auto a, auto b) { return all_[a].inner < all_[b].inner; });
  }
  const auto found = std::lower_bound(by_inner_.begin(), by_inner_.end(), inner,
                                      [&](auto number, NodeId id) { return all_[number].inner < id; });
  return found != by_inner_.end() && all_[*found].inner == inner ? &all_[*found] : nullptr;
}

NodeId append_unroll(Tape& tape, const UnrollNode& unroll, const std::vector<NodeId>& sequences,
                     const std::vector<NodeId>& invariants, const std::vector<NodeId>& initial_carries) {
  auto operands = sequences;
  operands.insert(operands.end(), invariants.begin(), invariants.end());
  operands.insert(operands.end(), initial_carries.begin(), initial_carries.end());
  return tape.append(unroll_operation(), operands, unroll.attributes());
}

}  // namespace reel
