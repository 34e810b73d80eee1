#pragma once
#include <reel/structural.h>

#include "passes/rewriting/contraction.h"
#include "record/index_maps.h"

namespace reel::passes {

/// A tape being rewritten: nodes appended, and what they stand in for.
class Draft {
 public:
  using NodeIds = std::vector<NodeId>;

  explicit Draft(Tape& tape) : tape_(tape), size_(tape.size()), replacement_(tape.size(), -1) {}

  const Tape& tape() const { return tape_; }
  const Node& node(NodeId id) const { return tape_.node(id); }
  bool is(NodeId id, const Operation& operation) const { return node(id).operation == &operation; }
  Span<const NodeId> inputs(NodeId id) const { return tape_.inputs(id); }
  const Shape& shape(NodeId id) const { return node(id).type.shape; }
  Product product(NodeId id) const { return Product::of(tape_, id); }
  /// Nodes that were there at first.
  NodeId size() const { return size_; }

  NodeId append(const Operation& operation, const NodeIds& inputs, const Attributes& attributes) {
    return tape_.append(operation, inputs, attributes);
  }
  NodeId concat(const NodeIds& parts, std::int64_t axis) {
    return parts.size() == 1 ? parts[0] : append(concat_operation(), parts, {{"axis", axis}});
  }
  NodeId slice(NodeId x, const Slice& positions) {
    return append(slice_operation(), {x}, positions.attributes());
  }
  /// A fill with the value of another one.
  NodeId fill_like(NodeId other, const Shape& shape) {
    const auto value = node(other).attributes.real("value");
    return append(fill_operation(), {}, typed({node(other).type.element, shape}, {{"value", value}}));
  }
  NodeId multiply(const Product& like, NodeId left, NodeId right) {
    return append(matmul_operation(), {left, right}, like.attributes());
  }
  NodeId add(const NodeIds& terms) {
    NodeId total = terms[0];
    for (std::size_t i = 1; i < terms.size(); ++i) total = append(add_operation(), {total, terms[i]}, {});
    return total;
  }
  void replace(NodeId id, NodeId by) {
    replacement_[id] = by;
    changed_ = true;
  }
  void set_origin_of(NodeId id) { tape_.set_origin(tape_.origin(id)); }

  bool is_changed() const { return changed_; }
  bool is_replaced(NodeId id) const { return replacement_[id] >= 0; }
  const NodeIds& replacement() const { return replacement_; }

 private:
  Tape& tape_;
  const NodeId size_;
  NodeIds replacement_;
  bool changed_ = false;
};

}  // namespace reel::passes
