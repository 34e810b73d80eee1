#pragma once
#include <string>

#include <reel/structural.h>

namespace reel::passes {

/// A matmul node, by the roles of its operands' axes. Sides are 0, left, and 1, right.
struct Product {
  NodeId id = -1;
  NodeId operand[2] = {-1, -1};
  std::string roles[2];

  static bool is(const Tape& tape, NodeId id) { return tape.node(id).operation == &matmul_operation(); }
  static Product of(const Tape& tape, NodeId id) {
    const auto inputs = tape.inputs(id);
    const auto& attributes = tape.node(id).attributes;
    return {id, {inputs[0], inputs[1]}, {attributes.text("left"), attributes.text("right")}};
  }

  /// The role that axes of one side alone have.
  static char own_role(int side) { return side == 0 ? 'm' : 'n'; }
  int count(int side, char role) const {
    int found = 0;
    for (char other : roles[side]) found += other == role;
    return found;
  }
  /// The only axis with that role, or -1 where there are none or several.
  int only_axis(int side, char role) const {
    return count(side, role) == 1 ? static_cast<int>(roles[side].find(role)) : -1;
  }
  /// Which of the axes with its role `axis` is.
  int place(int side, int axis) const {
    int before = 0;
    for (int i = 0; i < axis; ++i) before += roles[side][i] == roles[side][axis];
    return before;
  }
  /// The axis of the other side that `axis`, of role 'b' or 'k', corresponds to.
  int partner(int side, int axis) const {
    int place_left = place(side, axis);
    const auto& other = roles[1 - side];
    for (int i = 0; i < static_cast<int>(other.size()); ++i)
      if (other[i] == roles[side][axis] && place_left-- == 0) return i;
    throw InternalError("the operands of a product do not fit");
  }
  /// The axis of the result that `axis`, of role 'b', 'm' or 'n', becomes.
  int result_axis(int side, int axis) const {
    int result = place(side, axis);
    if (roles[side][axis] != 'b') result += count(0, 'b');
    if (roles[side][axis] == 'n') result += count(0, 'm');
    return result;
  }
  /// The operand and axis that axis `axis` of the result comes from.
  std::pair<int, int> source_axis(int axis) const {
    for (int side = 0; side < 2; ++side)
      for (int i = 0; i < static_cast<int>(roles[side].size()); ++i)
        if (roles[side][i] != 'k' && result_axis(side, i) == axis) return {side, i};
    throw InternalError("a product has no such axis");
  }

  Attributes attributes() const { return {{"left", roles[0]}, {"right", roles[1]}}; }
};

}  // namespace reel::passes
