#pragma once
#include <optional>

#include "passes/liveness.h"
#include "plan/target.h"

namespace reel::plan {

using passes::Live;

/// What is done about a node.
enum class Role : std::uint8_t {
  given,   ///< an input: it has memory already
  view,    ///< another layout of its operand
  map,     ///< element by element
  reduce,  ///< rows become one element each
  total,   ///< columns become one element each, from totals of parts of the rows
  other    ///< a kernel, an unroll, a concat or a pad
};

/// How a member of a fusion reads an operand.
enum class Reading : std::uint8_t {
  apart,  ///< the operand has to be computed before the fusion
  same,   ///< element for element, or row for row
  spread  ///< an element for each row, repeated along it
};

/// Maps and reductions of a tape that can be worked on in one pass over memory: a space is a shape, and its
/// rows lie along its last axis. A value of a space has an element for each of its elements, or one for each
/// row: what a reduction along the last axis makes of a row, and maps make of that. A total of columns is
/// known only when all rows are done.
class Spaces {
 public:
  Spaces() = default;
  /// `fuse` off: reductions are left to their kernels.
  Spaces(const Tape& tape, const Live& live, const Target& target, bool fuse);

  Role role(NodeId id) const { return role_[id]; }
  /// What is computed, behind other layouts of it; an unroll behind its projections.
  NodeId source(NodeId id) const { return source_[id]; }
  NodeId source(NodeId id, std::size_t operand) const { return source_[tape_->inputs(id)[operand]]; }
  bool is_reduction(NodeId id) const { return role_[id] == Role::reduce || role_[id] == Role::total; }
  bool is_fusible(NodeId id) const { return role_[id] == Role::map || is_reduction(id); }
  /// The shape over which a fusible node is worked on.
  const Shape& space(NodeId id) const { return tape_->node(space_[id]).type.shape; }
  bool is_per_row(NodeId id) const { return per_row_[id]; }
  Reading reading(NodeId id, std::size_t operand) const;

 private:
  Role role_of(NodeId id, const Target& target, bool fuse) const;
  void place_map(NodeId id);
  /// Whether `input`, a layout of the row values `source`, has an element for each row of their space.
  bool is_same_rows(NodeId input, NodeId source) const;
  /// Whether it repeats each along its row.
  bool is_spread(NodeId input, NodeId source) const;
  /// The strides of an input that is a layout of contiguous row values and begins with the first of them;
  /// none of any other.
  std::optional<std::vector<std::int64_t>> strides_behind(NodeId input, NodeId source) const;

  const Tape* tape_ = nullptr;
  std::vector<Role> role_;
  std::vector<NodeId> source_;
  std::vector<NodeId> space_;  // a node of that shape
  std::vector<bool> per_row_;
};

}  // namespace reel::plan
