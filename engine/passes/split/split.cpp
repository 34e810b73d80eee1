#include "passes/split/split.h"

#include <reel/record.h>
#include <reel/structural.h>

#include <algorithm>

#include "passes/liveness.h"
#include "passes/rewriting/rebuild.h"
#include "passes/split/split_unroll.h"
#include "tape/origin_map.h"

namespace reel::passes {

namespace {

using NodeIds = std::vector<NodeId>;

/// Whether every value of a body can have one axis more, of the steps.
bool has_room_for_time(const Body& body, std::int64_t steps) {
  for (NodeId id = 0; id < body.tape->size(); ++id) {
    const auto& node = body.tape->node(id);
    if (node.type.shape.rank() == Shape::max_rank || !is_addressable(node.type, steps)) return false;
    if (node.operation->kind == Kind::unroll &&
        !has_room_for_time(*UnrollNode::of(node.attributes).body, steps))
      return false;
  }
  return true;
}

/// Copies the live part of a tape, whose inputs, where it is a body, are in `ids` already.
class Splitting {
 public:
  /// `silent`: within an unroll whose effects have happened already.
  Splitting(const Tape& source, const Live& live, const SplitOptions& options, bool silent, Tape& target,
            NodeIds ids, limits::Met& met)
      : source_(source),
        live_(live),
        options_(options),
        silent_(silent),
        target_(target),
        origins_(source, target),
        ids_(std::move(ids)),
        met_(met) {}

  NodeIds run() {
    const Recording recording(target_);
    for (NodeId id = 0; id < source_.size(); ++id) {
      if (ids_[id] >= 0 || !live_.nodes[id]) continue;
      const auto& node = source_.node(id);
      origins_.set(id);
      if (node.operation == &argument_operation())
        ids_[id] = target_.argument(node.type, source_.label(id)).id();
      else if (node.operation->kind == Kind::unroll)
        unroll(id);
      else if (node.operation->kind != Kind::projection)
        ids_[id] = target_.append_same(source_, id, mapped_inputs(id));
    }
    return std::move(ids_);
  }

 private:
  /// Operands of a node on the new tape. What a body takes and does not use may be anything.
  const NodeIds& mapped_inputs(NodeId id) {
    inputs_.clear();
    for (auto input : source_.inputs(id))
      inputs_.push_back(ids_[input] >= 0 ? ids_[input] : target_.fill(0, source_.node(input).type).id());
    return inputs_;
  }

  void unroll(NodeId id) {
    const auto& loop = live_.loops.at(id);
    auto unroll = UnrollNode::of(source_.node(id).attributes);
    unroll.silent |= silent_;
    const auto values = split_body(unroll, loop.body);
    const auto key_of = [&](NodeId projection) {
      const auto old = Projection::of(source_.node(projection));
      return old.is(Projection::Kind::final) || values.empty() ? old : old.with(values[old.which]);
    };
    Projected projected;
    for (auto projection : loop.projections) projected[key_of(projection)] = -1;
    const auto& operands = mapped_inputs(id);
    const bool has_room = has_room_for_time(*unroll.body, unroll.steps);
    if (!has_room)
      met_.push_back(
          "an unroll of " + std::to_string(unroll.steps) +
          " steps stays whole: with one axis more, or all its steps at once, a value of it would be "
          "beyond what a tensor can be");
    if (unroll.recompute || unroll.has_effects() || !has_room)
      keep_unroll(target_, unroll, operands, projected);
    else
      split_unroll(target_, unroll, operands, options_, projected, met_);
    for (auto projection : loop.projections) ids_[projection] = projected.at(key_of(projection));
  }

  /// Splits what is nested in the body, which then is another one. Returns the new ids of its values; none
  /// where nothing is nested and it stays.
  NodeIds split_body(UnrollNode& unroll, const Live& live) const {
    if (live.loops.empty()) return {};
    const auto& old = *unroll.body;
    auto body = std::make_shared<Body>(old.tape->floating());
    NodeIds ids(old.tape->size(), -1);
    copy_inputs(old, *body, ids);
    ids = Splitting(*old.tape, live, options_, unroll.silent, *body->tape, std::move(ids), met_).run();
    for (std::size_t k = 0; k < old.next.size(); ++k)
      // Where nothing needs the carry it hands on whatever it has.
      body->next.push_back(live.carries[k] ? ids[old.next[k]] : body->carries[k]);
    unroll.body = body;
    return ids;
  }

  const Tape& source_;
  const Live& live_;
  const SplitOptions& options_;
  const bool silent_;
  Tape& target_;
  OriginMap origins_;
  NodeIds ids_;
  NodeIds inputs_;  // of the node that is being copied
  limits::Met& met_;
};

}  // namespace

Wanted split(const Tape& tape, const std::vector<NodeId>& outputs, const SplitOptions& options,
             limits::Met& met) {
  auto live = find_live(tape, outputs);
  // A program takes all its arguments, used or not.
  for (auto id : tape.arguments()) live.nodes[id] = true;
  Wanted result{std::make_unique<Tape>(tape.floating()), {}};
  const auto ids = Splitting(tape, live, options, false, *result.tape, NodeIds(tape.size(), -1), met).run();
  for (auto output : outputs) result.outputs.push_back(ids[output]);
  return result;
}

}  // namespace reel::passes
