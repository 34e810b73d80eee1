#pragma once
#include <map>

#include "record/projection.h"

namespace reel {

/// Per node, whether a property holds.
using NodeSet = std::vector<bool>;

/// Adds to `set`, which holds the sources, every floating node they influence through operations that have a
/// derivative; an unroll counts as influenced where one of its operands is. For a body, influence also passes
/// from the value handed on to the carry of the next step.
void spread_influence(const Tape& tape, NodeSet& set, const Body* body = nullptr);

/// The adjoint of a value, to start from.
struct AdjointSeed {
  NodeId value;
  Tensor adjoint;
};

/// Walks the tape backwards from the seeds, appending the adjoint computation to it. Returns the adjoint of
/// each node that was there; absent outside `influenced` and where nothing arrives.
Tensors append_adjoints(Tape& tape, const std::vector<AdjointSeed>& seeds, const NodeSet& influenced);

/// What arrives at the projections of one unroll.
using ProjectionAdjoints = std::map<Projection, Tensor>;

/// Appends to `tape` the unroll that runs the other way, and returns the adjoints of the operands of
/// `unroll`; `differentiated` says of each operand whether it is wanted.
Tensors unroll_adjoints(Tape& tape, NodeId unroll, const ProjectionAdjoints& arriving,
                        const NodeSet& differentiated);

}  // namespace reel
