#pragma once
/// @file
/// @ingroup tapes
/// Records of operations.
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "numbered.h"
#include "operation.h"
#include "origin.h"
#include "pool.h"
#include "tape_link.h"

namespace REEL_PUBLIC reel {

class HeldUpdates;

/// One recorded operation. Operands, origins and labels stand in pools of the tape.
struct Node {
  const Operation* operation;  ///< What it does.
  Attributes attributes;       ///< Its constants.
  TensorType type;             ///< Element type and shape of its result.
  std::uint32_t first_input;   ///< Where its operands begin in the tape's list of them.
  std::uint32_t input_count;   ///< How many operands it has.
  std::uint32_t origin;        ///< The number of its Origin.
  std::uint32_t label;         ///< The number of its label.
};

/// A record of operations, in an order in which operands come first. Nothing is executed. Tapes only grow.
///
/// Used by itself, operations on its tensors are recorded on it; within a Function or an unroll they are
/// recorded on that one's tape.
class Tape {
 public:
  /// `floating` is the type of literals that meet nothing typed: float32 or float64.
  explicit Tape(ElementType floating = ElementType::float32);
  ~Tape();
  Tape& operator=(const Tape&) = delete;
  /// A tape with the same nodes. Bodies of unrolls are shared: they only ever grow.
  std::unique_ptr<Tape> clone() const;

  /// A value handed in when the program runs, in the order in which arguments are made.
  Tensor argument(const TensorType& type, const std::string& label = "");
  /// The node that reads `variable`, recorded once per tape.
  Tensor parameter(const std::shared_ptr<Variable>& variable);

  /// The node whose every element is `value`, recorded once per tape.
  Tensor fill(double value, const TensorType& type);
  /// The node of the positions 0, 1, ... count - 1 as int64, recorded once per tape.
  Tensor positions(std::int64_t count);

  /// A tape has no more nodes than this.
  static constexpr std::int64_t most_nodes = INT32_MAX;

  /// Appends a node, its operands being on this tape. Infers and checks its type, which has no more than
  /// `most_bytes`. Throws RecordError naming the operation, the broken rule, the operands and the scope.
  NodeId append(const Operation& operation, Span<const NodeId> inputs, const Attributes& attributes,
                const std::string& label = "");

  /// Appends node `id` of `source` on other operands, keeping its label but no origin.
  NodeId append_same(const Tape& source, NodeId id, Span<const NodeId> inputs);

  /// Appends node `id` of `source` on other operands, keeping its origin and label.
  NodeId append_copy(const Tape& source, NodeId id, Span<const NodeId> inputs);

  /// How many nodes there are.
  NodeId size() const { return static_cast<NodeId>(nodes_.size()); }
  /// A node; valid as long as the tape.
  const Node& node(NodeId id) const { return nodes_[id]; }
  /// The operands of a node, valid until the next node is recorded.
  Span<const NodeId> inputs(NodeId id) const {
    return {inputs_.data() + nodes_[id].first_input, nodes_[id].input_count};
  }
  /// Where a node comes from.
  const Origin& origin(NodeId id) const { return origins_[nodes_[id].origin]; }
  /// The part of the user's code that a node comes from.
  const std::string& scope(NodeId id) const { return origin(id).scope; }
  /// The name of a node, "" where it has none.
  const std::string& label(NodeId id) const { return labels_[nodes_[id].label]; }
  /// The type of literals that meet nothing typed.
  ElementType floating() const { return floating_; }

  /// Effects and updates, and unrolls that hold effects: what lives without being asked for.
  const std::vector<NodeId>& roots() const { return roots_; }
  /// Lets the effects recorded behind the first `count` roots die: those of a recording that failed and is
  /// made anew.
  void drop_roots(std::size_t count) { roots_.resize(count); }
  /// The nodes of the arguments, in the order in which they were made.
  const std::vector<NodeId>& arguments() const { return arguments_; }
  /// Which of the arguments node `id`, one of them, is.
  std::size_t argument_number(NodeId id) const;

  /// Random values of this tape start from `seed`, and differ from run to run by `run`, an int64 scalar that
  /// every program of the tape that draws some counts up. Without one all runs draw the same.
  void set_random_source(std::uint64_t seed, std::shared_ptr<Variable> run);
  /// What its random values start from.
  std::uint64_t seed() const { return seed_; }
  /// 1, 2, 3, ...: tells random values and unrolls recorded on this tape from one another.
  std::uint64_t next_ordinal() { return ++last_ordinal_; }
  /// The number of the run, as random operations read it.
  Tensor run_number();

  /// What its tensors share.
  const std::shared_ptr<TapeLink>& link();

  /// Where nodes recorded from now on come from.
  const Origin& current_origin() const { return origins_[origin_]; }
  /// Sets where they come from.
  void set_origin(const Origin& origin) { origin_ = intern(origin); }
  /// It as a number, by which a destructor comes back to it: that needs no memory.
  /// The number of the origin, by which a destructor comes back to it: that needs no memory.
  /// @{
  std::uint32_t origin_number() const { return origin_; }
  void return_to_origin(std::uint32_t number) noexcept { origin_ = number; }
  /// @}
  /// The scope of its origin alone.
  const std::string& current_scope() const { return current_origin().scope; }
  /// Sets the scope of the origin alone.
  void set_scope(const std::string& scope);

 private:
  friend class HeldUpdates;
  /// A tape's own: a copy of the tape has none of the original's tensors.
  struct Link {
    Link() = default;
    Link(const Link&) {}
    std::shared_ptr<TapeLink> shared;
  };

  Tape(const Tape&) = default;
  /// Of a type that is known to be right.
  NodeId append_checked(const Operation& operation, Span<const NodeId> inputs, const Attributes& attributes,
                        const TensorType& type, const std::string& label);
  void note_update(const Attributes& attributes);
  std::uint32_t intern(const Origin& origin);
  /// What remains of a tape that goes, which gives its names away; null where there is no memory for it.
  std::unique_ptr<const Epitaph> epitaph() noexcept;

  // Pools: what was handed out by reference, such as a shape, stays valid while the tape grows.
  Pool<Node, 2> nodes_;
  Numbered<std::string, std::hash<std::string>> labels_;
  Numbered<Origin, OriginHash> origins_;
  std::vector<NodeId> inputs_;
  std::vector<NodeId> arguments_;
  std::unordered_map<const Variable*, NodeId> parameters_;
  std::unordered_map<const Variable*, NodeId> updated_;
  std::unordered_map<Attributes, NodeId, AttributesHash> fills_;
  std::unordered_map<std::int64_t, NodeId> positions_;
  std::vector<NodeId> roots_;
  Link link_;
  std::uint64_t seed_ = 0;
  std::uint64_t last_ordinal_ = 0;
  std::shared_ptr<Variable> run_;
  ElementType floating_;
  HeldUpdates* held_updates_ = nullptr;
  std::vector<TensorType> operand_types_;  // of the node that is being appended
  std::uint32_t origin_ = 0;
};

/// Describes an exception of `operation` on these operands: name, rule, operands, scope.
[[noreturn]] void refuse(const std::string& operation, const std::string& rule, const Tensors& operands);

/// What `f` gives. A rule that it finds broken is refused in the name of `operation`.
template <class F>
auto refusing(const std::string& operation, const Tensors& operands, F&& f) {
  try {
    return f();
  } catch (const RecordError& rule) {
    refuse(operation, rule.rule(), operands);
  }
}

}  // namespace reel
