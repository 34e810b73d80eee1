#include "passes/liveness.h"

#include <reel/structural.h>

#include "record/projection.h"

namespace reel::passes {

namespace {

/// One walk from the last node to the first, in which a node comes after all its users.
void walk(const Tape& tape, bool silent, Live& live);

/// The live part of the body of an unroll, from its live projections.
Live find_live_body(const UnrollNode& unroll, const Tape& outer, const std::vector<NodeId>& projections,
                    bool silent) {
  const auto& body = *unroll.body;
  const auto& tape = *body.tape;
  Live live;
  live.nodes.resize(tape.size());
  live.carries.resize(body.carries.size());
  if (!silent)
    for (auto root : tape.roots()) live.nodes[root] = true;
  for (auto id : projections) {
    const auto projection = Projection::of(outer.node(id));
    (projection.is(Projection::Kind::final) ? live.carries : live.nodes)[projection.which] = true;
  }
  for (bool again = true; again;) {
    again = false;
    for (std::size_t k = 0; k < body.carries.size(); ++k)
      if (live.carries[k]) live.nodes[body.next[k]] = true;
    walk(tape, silent, live);
    for (std::size_t k = 0; k < body.carries.size(); ++k)
      if (live.nodes[body.carries[k]] && !live.carries[k]) live.carries[k] = again = true;
  }
  return live;
}

void walk(const Tape& tape, bool silent, Live& live) {
  std::map<NodeId, std::vector<NodeId>> projections;
  for (NodeId id = tape.size() - 1; id >= 0; --id) {
    if (!live.nodes[id]) continue;
    const auto& node = tape.node(id);
    const auto inputs = tape.inputs(id);
    if (node.operation->kind != Kind::unroll) {
      if (node.operation->kind == Kind::projection) projections[inputs[0]].push_back(id);
      for (auto input : inputs) live.nodes[input] = true;
      continue;
    }
    const auto unroll = UnrollNode::of(node.attributes);
    auto& loop = live.loops[id];
    loop.projections = projections[id];
    loop.body = find_live_body(unroll, tape, loop.projections, silent || unroll.silent);
    for (const auto& operand : UnrollOperands(*unroll.body, inputs))
      if (loop.body.needs(operand)) live.nodes[operand.outer] = true;
  }
}

}  // namespace

Live find_live(const Tape& tape, const std::vector<NodeId>& outputs) {
  Live live;
  live.nodes.resize(tape.size());
  for (auto root : tape.roots()) live.nodes[root] = true;
  for (auto output : outputs) live.nodes[output] = true;
  walk(tape, false, live);
  return live;
}

}  // namespace reel::passes
