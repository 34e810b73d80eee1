#pragma once
/// @file
/// @ingroup own_operations
/// How operations are recorded.
#include <unordered_map>

#include "body.h"

namespace REEL_PUBLIC reel {

/// A recording in progress on this thread, from construction to destruction; they nest. An operation is
/// recorded on the innermost one; without one, on its operands' tape.
class Recording {
 public:
  /// Records on `tape`, which sees nothing of the recordings around it.
  explicit Recording(Tape& tape);
  /// Records one step of an unroll: a value of an enclosing recording becomes an invariant of `body`. `key`
  /// tells this unroll's random values from others'. `positions` [steps], on the tape around, are the numbers
  /// of the steps; absent where they count from 0.
  Recording(Body& body, std::int64_t steps, std::uint64_t key, Tensor positions = {});
  /// Records step `position` of an expanded unroll, on the tape around it.
  Recording(Tape& tape, std::int64_t position, std::uint64_t key);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  /// The innermost tape being recorded, or null.
  static Tape* innermost();
  /// The outermost tape the innermost recording can see, or null.
  static Tape* outermost();
  /// True where the innermost recording is a step of an unroll.
  static bool in_body();

  /// This recording only shows what a cell does, and is thrown away.
  void rehearse() { rehearses_ = true; }
  /// The step is a chunk of the steps of an unroll, which number themselves: it has no position of its own.
  void leave_out_position() { has_own_position_ = false; }
  /// True within a recording that is thrown away.
  static bool rehearsing();

  /// A number for the next random value or unroll of the innermost recording: its place in the order of
  /// recording, the same for the unroll and Expanded forms of a cell. 0 where nothing is being recorded.
  static std::uint64_t next_key();
  /// The positions in the unrolls around the innermost recording, outermost first: int64 scalars on its tape.
  static Tensors positions();

  /// The nodes of the tape around it that the body reads as sequences beyond those it was given.
  const std::vector<NodeId>& added_sequences() const { return added_sequences_; }
  /// The nodes of the tape around it that the body captures, one for each of its invariants.
  const std::vector<NodeId>& captured() const { return captured_; }

 private:
  friend struct Capture;
  enum class Form { root, body, expanded };

  Tape* tape_;
  Form form_;
  Body* body_ = nullptr;
  std::int64_t steps_ = 0;     // of the unroll
  std::int64_t position_ = 0;  // of an expanded step
  Tensor own_positions_;       // of all steps, where they do not count from 0
  std::uint64_t key_ = 0;
  std::uint64_t next_ordinal_ = 0;
  std::uint32_t origin_before_ = 0;  // the number of the tape's origin around an expanded step
  Tensors positions_;
  bool has_positions_ = false;
  bool has_own_position_ = true;
  bool rehearses_ = false;
  std::vector<NodeId> added_sequences_, captured_;
  std::unordered_map<NodeId, NodeId> inner_;
};

/// Nodes recorded during its life belong to this scope ("cell/forget"), which errors, prints and graphs show.
class ScopeGuard {
 public:
  /// Without a recording in progress it does nothing.
  explicit ScopeGuard(const std::string& scope);
  ~ScopeGuard();
  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;

 private:
  Tape* tape_;
  std::uint32_t before_ = 0;  // the origin's number
};

/// The tape an operation on `operands` is recorded on. Throws RecordError where there is none.
Tape& destination(const std::string& operation, const Tensors& operands);

/// Whether a literal keeps its value as an element of this type.
bool can_hold(ElementType element, double value);

/// `operand` as a node of `tape`: recorded if it is a leaf, captured level by level if it stands on a tape
/// around. Throws RecordError where it belongs to another tape.
/// A literal without an element type takes `element`, by default the floating type of the tape.
Tensor bring(Tape& tape, const Tensor& operand, const std::string& operation,
             std::optional<ElementType> element = std::nullopt);

/// Records `operation`. Operands are brought to its tape; literals without an element type take that of the
/// others. Throws RecordError with operation, rule, operands and scope.
Tensor record(const Operation& operation, const Tensors& operands, const Attributes& attributes = {});

/// The rule that is broken where element types differ, for errors. Where both are floating, and arguments of
/// the recording have another floating type than its model, it says so: data of the wrong type are the usual
/// cause.
std::string elements_differ(ElementType one, ElementType other);

/// The operands, those of int32 as int64 where others are int64: integers of two widths meet in the wider.
Tensors widened(const std::string& operation, Tensors operands);

/// The element type the operands have in common, literals taking that of the rest. Throws RecordError where
/// they differ, or where a fraction meets integers.
ElementType common_element(const std::string& operation, const Tensors& operands);

/// `axis` of `x` counted from 0. Throws RecordError naming `operation` where there is no such axis.
int checked_axis(const std::string& operation, const Tensor& x, std::int64_t axis);

/// Throws RecordError naming `operation` where `x` has as many axes as a shape can have.
void check_has_room(const std::string& operation, const Tensor& x);

/// `operand` on `tape`, broadcast to `shape` by an explicit node; a literal is recorded in that shape and,
/// unless it has an element type of its own, as `element`.
Tensor bring_broadcast(Tape& tape, const Tensor& operand, const Shape& shape, ElementType element,
                       const std::string& operation);

/// Operands of an elementwise operation: brought to one tape and one element type, and broadcast as in NumPy
/// to one shape, each broadcast an explicit node. Integers of two widths meet in the wider. Throws
/// RecordError where they do not fit.
Tensors together(const std::string& operation, Tensors operands);

}  // namespace reel
