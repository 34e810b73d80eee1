#pragma once
#include <reel/tape.h>

// Index maps along one axis, as their nodes hold them. The axis is counted from 0.

namespace reel {

/// Positions start, start + step, ... < stop along an axis.
struct Slice {
  int axis;
  std::int64_t start, stop, step = 1;

  /// What a slice node takes.
  static Slice of(const Node& node) { return of(node.attributes, node.type.shape.rank()); }
  /// What a slice takes that is yet to be made.
  static Slice of(const Attributes& attributes, int rank);
  Attributes attributes() const;

  bool is_whole(const Shape& operand) const { return start == 0 && stop == operand[axis] && step == 1; }
  bool is_within(std::int64_t first, std::int64_t end) const { return start >= first && stop <= end; }
  /// The same positions, counted from another one.
  Slice from(std::int64_t origin) const { return {axis, start - origin, stop - origin, step}; }
  /// The same positions of another axis.
  Slice along(int other) const { return {other, start, stop, step}; }
  /// What `next`, a slice of the result along the same axis, takes of the operand.
  Slice then(const Slice& next) const;
};

/// Zeros before and after along an axis, and between any two elements.
struct Pad {
  int axis;
  std::int64_t before, after, between;

  /// What a pad node adds.
  static Pad of(const Node& node);

  bool is_spread() const { return between != 0; }
  /// The position in the result behind the last element.
  std::int64_t end(const Shape& result) const { return result[axis] - after; }
};

/// Parts side by side along an axis.
struct Concat {
  struct Part {
    NodeId id;
    std::int64_t start, stop;  // in the result
  };
  int axis;
  std::vector<Part> parts;

  /// What a concat node joins.
  static Concat of(const Tape& tape, NodeId id) {
    return of(tape, tape.inputs(id), tape.node(id).attributes);
  }
  /// What a concat joins that is yet to be made.
  static Concat of(const Tape& tape, Span<const NodeId> parts, const Attributes& attributes);
};

/// A sequence along an axis, one position later or, with `reverse`, earlier.
struct Shift {
  int axis;
  bool reverse;

  /// What a shift node does.
  static Shift of(const Node& node);
};

}  // namespace reel
