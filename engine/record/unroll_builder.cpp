#include "record/unroll_builder.h"

#include <algorithm>

namespace reel {

NodeId UnrollBuilder::add(std::vector<NodeId>& inputs, std::vector<NodeId>& operands, NodeId outer,
                          const TensorType& type, const std::string& label) {
  operands.push_back(outer);
  inputs.push_back(step().argument(type, label).id());
  return inputs.back();
}

NodeId UnrollBuilder::sequence(NodeId outer, const std::string& label) {
  const auto [known, is_new] = known_sequences_.emplace(outer, -1);
  if (!is_new) return known->second;
  const auto& type = outer_.node(outer).type;
  return known->second =
             add(body_->sequences, sequences_, outer, {type.element, type.shape.without_axis(0)}, label);
}

NodeId UnrollBuilder::invariant(NodeId outer, const std::string& label) {
  const auto [known, is_new] = known_invariants_.emplace(outer, -1);
  if (!is_new) return known->second;
  return known->second = add(body_->invariants, invariants_, outer, outer_.node(outer).type, label);
}

NodeId UnrollBuilder::carry(NodeId initial, const std::string& label) {
  const auto position = body_->next.size();
  body_->next.push_back(-1);
  const auto input = add(body_->carries, initial_carries_, initial, outer_.node(initial).type, label);
  carry_of_[input] = position;
  return input;
}

NodeId UnrollBuilder::input(UnrollOperand::Kind kind, NodeId outer, const std::string& label) {
  using Kind = UnrollOperand::Kind;
  return kind == Kind::sequence    ? sequence(outer, label)
         : kind == Kind::invariant ? invariant(outer, label)
                                   : carry(outer, label);
}

NodeId UnrollBuilder::value_of(NodeId unroll, const UnrollOperands& operands, NodeId value) {
  const Unroll source(outer_, unroll);
  const auto& label = source.body().tape->label(value);
  const auto* operand = operands.find(value);
  if (operand && operand->is_constant()) return invariant(operand->outer, label);
  const bool is_sequence = operand && operand->is_sequence();
  return sequence(is_sequence ? operand->outer : source.stacked(value).id(), label);
}

void UnrollBuilder::hand_on(NodeId carry, NodeId next) { body_->next.at(carry_of_.at(carry)) = next; }

Unroll UnrollBuilder::finish(UnrollNode like) const {
  const auto& next = body_->next;
  if (std::find(next.begin(), next.end(), -1) != next.end()) throw InternalError("a carry hands on nothing");
  like.body = body_;
  return {outer_, append_unroll(outer_, like, sequences_, invariants_, initial_carries_)};
}

}  // namespace reel
