#include "record/index_maps.h"

#include <algorithm>

namespace reel {

namespace {

int axis_of(const Attributes& attributes, int rank) { return normal_axis(attributes.integer("axis"), rank); }

}  // namespace

Slice Slice::of(const Attributes& attributes, int rank) {
  return {axis_of(attributes, rank), attributes.integer("start"), attributes.integer("stop"),
          attributes.integer("step")};
}

Attributes Slice::attributes() const {
  return {{"axis", std::int64_t{axis}}, {"start", start}, {"stop", stop}, {"step", step}};
}

Slice Slice::then(const Slice& next) const {
  if (next.stop == next.start) return {axis, start, start, step * next.step};
  const auto last = next.start + (next.stop - next.start - 1) / next.step * next.step;
  // One behind the last element, so that the range stays inside.
  return {axis, start + next.start * step, start + last * step + 1, step * next.step};
}

Pad Pad::of(const Node& node) {
  const auto& attributes = node.attributes;
  return {axis_of(attributes, node.type.shape.rank()), attributes.integer("before"),
          attributes.integer("after"), attributes.integer("between")};
}

Concat Concat::of(const Tape& tape, Span<const NodeId> parts, const Attributes& attributes) {
  Concat concat{axis_of(attributes, tape.node(parts[0]).type.shape.rank()), {}};
  std::int64_t start = 0;
  for (auto part : parts) {
    const auto stop = start + tape.node(part).type.shape[concat.axis];
    concat.parts.push_back({part, start, stop});
    start = stop;
  }
  return concat;
}

Shift Shift::of(const Node& node) {
  return {axis_of(node.attributes, node.type.shape.rank()), node.attributes.integer("reverse") != 0};
}

}  // namespace reel
