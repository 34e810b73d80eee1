#include "record/projection.h"

#include <reel/structural.h>

namespace reel {

namespace {

AttributeName attribute_of(Projection::Kind kind) {
  if (kind == Projection::Kind::final) return "carry";
  return "value";
}

}  // namespace

Projection Projection::of(const Node& node) {
  const auto kind = node.operation == &stacked_operation()  ? Kind::stacked
                    : node.operation == &summed_operation() ? Kind::summed
                                                            : Kind::final;
  return {kind, node.attributes.integer(attribute_of(kind).text())};
}

const Operation& Projection::operation() const {
  return kind == Kind::stacked  ? stacked_operation()
         : kind == Kind::summed ? summed_operation()
                                : final_operation();
}

Attributes Projection::attributes(const TensorType& type) const {
  return typed(type, {{attribute_of(kind), which}});
}

Tensor Projection::record(const Unroll& unroll) const {
  if (kind == Kind::final) return unroll.final_carry(which);
  const auto value = static_cast<NodeId>(which);
  return kind == Kind::stacked ? unroll.stacked(value) : unroll.summed(value);
}

}  // namespace reel
