#pragma once
#include <reel/body.h>

// The order in which the operands of an unroll stand is known here alone: sequences, invariants, initial
// carries.

namespace reel {

/// An operand of an unroll, and what it is to the body.
struct UnrollOperand {
  enum class Kind : std::uint8_t { sequence, invariant, carry };
  Kind kind;
  /// Among all operands, and among those of its kind.
  std::size_t number, position;
  /// On the tape around; -1 where only the body is looked at.
  NodeId outer;
  /// The body's input.
  NodeId inner;
  /// Of a carry, what a step hands on; -1 of any other.
  NodeId next;

  bool is_sequence() const { return kind == Kind::sequence; }
  bool is_invariant() const { return kind == Kind::invariant; }
  bool is_carry() const { return kind == Kind::carry; }
  /// A carry that every step hands on as it is.
  bool is_kept() const { return next == inner; }
  /// The operand itself at every step.
  bool is_constant() const { return is_invariant() || is_kept(); }
};

/// All operands of an unroll in their order, or the inputs of a body by themselves.
class UnrollOperands {
 public:
  /// None.
  UnrollOperands() = default;
  explicit UnrollOperands(const Body& body);
  /// Throws InternalError where the body has more inputs than there are operands, or fewer.
  UnrollOperands(const Body& body, Span<const NodeId> outer);
  /// Those of an unroll node.
  static UnrollOperands of(const Tape& tape, NodeId unroll);

  const UnrollOperand* begin() const { return all_.data(); }
  const UnrollOperand* end() const { return begin() + all_.size(); }
  const UnrollOperand& operator[](std::size_t number) const { return all_[number]; }

  // Those of one kind. They live as long as these do: `for (... : UnrollOperands(body).carries())` would not.
  Span<const UnrollOperand> sequences() const& { return {begin(), first_invariant_}; }
  Span<const UnrollOperand> invariants() const& {
    return {begin() + first_invariant_, first_carry_ - first_invariant_};
  }
  Span<const UnrollOperand> carries() const& { return {begin() + first_carry_, all_.size() - first_carry_}; }
  Span<const UnrollOperand> sequences() && = delete;
  Span<const UnrollOperand> invariants() && = delete;
  Span<const UnrollOperand> carries() && = delete;

  /// The one given to this node of the body; null where it is no input.
  const UnrollOperand* find(NodeId inner) const;

 private:
  std::vector<UnrollOperand> all_;
  std::size_t first_invariant_ = 0, first_carry_ = 0;
  /// By inputs, so that one is found in little time among very many; made when one is looked for.
  mutable std::vector<std::uint32_t> by_inner_;
};

/// Appends an unroll node with these operands.
NodeId append_unroll(Tape& tape, const UnrollNode& unroll, const std::vector<NodeId>& sequences,
                     const std::vector<NodeId>& invariants, const std::vector<NodeId>& initial_carries);

}  // namespace reel
