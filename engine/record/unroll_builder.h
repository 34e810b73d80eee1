#pragma once
#include <unordered_map>

#include <reel/unroll_flat.h>

#include "record/unroll_operands.h"

namespace reel {

/// Makes an unroll for a pass or a derivative: operands give the inputs of its body, a step is recorded from
/// them, carries hand something on, and then it is appended.
class UnrollBuilder {
 public:
  explicit UnrollBuilder(Tape& outer) : outer_(outer), body_(std::make_shared<Body>(outer.floating())) {}

  /// The tape of one step.
  Tape& step() const { return *body_->tape; }

  // The input of the body for an operand, a value of the tape around. What is given twice as a sequence, or
  // as an invariant, has one input.
  NodeId sequence(NodeId outer, const std::string& label);
  NodeId invariant(NodeId outer, const std::string& label);
  NodeId carry(NodeId initial, const std::string& label);
  NodeId input(UnrollOperand::Kind kind, NodeId outer, const std::string& label);

  /// The input that is, at each step, what a value of another unroll is at that step: an operand of that one,
  /// or else a projection.
  NodeId value_of(NodeId unroll, const UnrollOperands& operands, NodeId value);

  /// What a step hands on of a carry.
  void hand_on(NodeId carry, NodeId next);

  const std::shared_ptr<Body>& body() const { return body_; }
  /// Another body with the same inputs takes its place.
  void replace_body(std::shared_ptr<Body> body) { body_ = std::move(body); }

  /// Appends the unroll, with the properties of `like`. Throws InternalError where a carry hands on nothing.
  Unroll finish(UnrollNode like) const;

 private:
  NodeId add(std::vector<NodeId>& inputs, std::vector<NodeId>& operands, NodeId outer, const TensorType& type,
             const std::string& label);

  Tape& outer_;
  std::shared_ptr<Body> body_;
  std::vector<NodeId> sequences_, invariants_, initial_carries_;  // operands
  // By number of a node, not by all of them: there may be very many unrolls on one tape.
  std::unordered_map<NodeId, NodeId> known_sequences_, known_invariants_;  // inputs, by operand
  std::unordered_map<NodeId, std::size_t> carry_of_;                       // its position, by input
};

}  // namespace reel
