#include "record/unroll_builder.h"

#include <algorithm>

namespace reel {

namespace {

/// -1 where it is not in the list.
std::int64_t position_in(const std::vector<NodeId>& list, NodeId id) {
  const auto found = std::find(list.begin(), list.end(), id);
  return found == list.end() ? -1 : found - list.begin();
}

}  // namespace

NodeId UnrollBuilder::add(std::vector<NodeId>& inputs, std::vector<NodeId>& operands, NodeId outer,
                          const TensorType& type, const std::string& label) {
  operands.push_back(outer);
  inputs.push_back(step().argument(type, label).id());
  return inputs.back();
}

NodeId UnrollBuilder::sequence(NodeId outer, const std::string& label) {
  if (const auto known = position_in(sequences_, outer); known >= 0) return body_->sequences[known];
  const auto& type = outer_.node(outer).type;
  return add(body_->sequences, sequences_, outer, {type.element, type.shape.without_axis(0)}, label);
}

NodeId UnrollBuilder::invariant(NodeId outer, const std::string& label) {
  if (const auto known = position_in(invariants_, outer); known >= 0) return body_->invariants[known];
  return add(body_->invariants, invariants_, outer, outer_.node(outer).type, label);
}

NodeId UnrollBuilder::carry(NodeId initial, const std::string& label) {
  body_->next.push_back(-1);
  return add(body_->carries, initial_carries_, initial, outer_.node(initial).type, label);
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

void UnrollBuilder::hand_on(NodeId carry, NodeId next) {
  body_->next.at(position_in(body_->carries, carry)) = next;
}

Unroll UnrollBuilder::finish(UnrollNode like) const {
  if (position_in(body_->next, -1) >= 0) throw InternalError("a carry hands on nothing");
  like.body = body_;
  return {outer_, append_unroll(outer_, like, sequences_, invariants_, initial_carries_)};
}

}  // namespace reel
