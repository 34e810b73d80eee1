#include "passes/simplify/simplify.h"

#include <reel/structural.h>

#include <algorithm>

#include "passes/liveness.h"
#include "passes/rewriting/emitter.h"
#include "record/projection.h"

namespace reel {

namespace {

/// New ids of the nodes of a tape; -1 for those that are not copied.
using NodeIds = std::vector<NodeId>;

/// Copies the live part of a tape, whose inputs, where it is a body, are in `ids` already.
class Copy {
 public:
  Copy(const Tape& source, const Live& live, Tape& target, NodeIds ids, const StepPass& on_step)
      : source_(source), live_(live), emitter_(target), ids_(std::move(ids)), on_step_(on_step) {}

  NodeIds run() {
    for (NodeId id = 0; id < source_.size(); ++id) {
      if (ids_[id] >= 0 || !live_.nodes[id]) continue;
      const auto& node = source_.node(id);
      emitter_.tape().set_origin(source_.origin(id));
      if (node.operation == &argument_operation())
        ids_[id] = emitter_.tape().argument(node.type, source_.label(id)).id();
      else if (node.operation->kind == Kind::unroll)
        unroll(id);
      else if (node.operation->kind == Kind::projection)
        ids_[id] = projection(id);
      else
        ids_[id] = emitter_.emit(*node.operation, mapped_inputs(id), node.attributes, source_.label(id));
    }
    return std::move(ids_);
  }

 private:
  struct Loop {
    NodeId node;
    NodeIds values;                     // of the body
    std::vector<std::int64_t> carries;  // new position of each, or -1
    std::vector<NodeId> initial;
  };

  std::vector<NodeId> mapped_inputs(NodeId id) const {
    std::vector<NodeId> inputs;
    for (auto input : source_.inputs(id)) inputs.push_back(ids_[input]);
    return inputs;
  }

  /// An input of the new body for a value of the tape around it; one that is the same everywhere is made
  /// inside.
  NodeId body_input(Body& body, Emitter& inside, NodeId outer, const TensorType& type,
                    const std::string& label, std::vector<NodeId>& kind, std::vector<NodeId>& operands) {
    if (const auto value = emitter_.uniform_value(outer)) return inside.fill(*value, type);
    const auto known = std::find(operands.begin(), operands.end(), outer);
    if (known != operands.end()) return kind[known - operands.begin()];
    operands.push_back(outer);
    kind.push_back(body.tape->argument(type, label).id());
    return kind.back();
  }

  void unroll(NodeId id) {
    auto unroll = UnrollNode::of(source_.node(id).attributes);
    const auto& old = *unroll.body;
    const auto& live = live_.loops.at(id).body;
    const auto operands = source_.inputs(id);
    auto body = std::make_shared<Body>(source_.floating());
    Emitter inside(*body->tape);
    NodeIds values(old.tape->size(), -1);
    std::vector<NodeId> sequences, invariants, initial;
    std::size_t next = 0;
    const auto input = [&](NodeId from, NodeId outer, std::vector<NodeId>& kind, std::vector<NodeId>& list) {
      values[from] = body_input(*body, inside, ids_[outer], old.tape->node(from).type, old.tape->label(from),
                                kind, list);
    };
    for (auto from : old.sequences) {
      const auto outer = operands[next++];
      if (live.nodes[from]) input(from, outer, body->sequences, sequences);
    }
    for (auto from : old.invariants) {
      const auto outer = operands[next++];
      if (live.nodes[from]) input(from, outer, body->invariants, invariants);
    }
    Loop loop;
    for (std::size_t k = 0; k < old.carries.size(); ++k) {
      const auto from = old.carries[k], outer = operands[next++];
      const bool changes = live.carries[k] && !old.keeps(k);
      loop.carries.push_back(changes ? static_cast<std::int64_t>(body->carries.size()) : -1);
      loop.initial.push_back(live.carries[k] ? ids_[outer] : -1);
      if (!live.carries[k]) continue;
      if (!changes) {
        input(from, outer, body->invariants, invariants);
        continue;
      }
      values[from] = body->tape->argument(old.tape->node(from).type, old.tape->label(from)).id();
      body->carries.push_back(values[from]);
      initial.push_back(ids_[outer]);
    }
    loop.values = Copy(*old.tape, live, *body->tape, std::move(values), on_step_).run();
    for (std::size_t k = 0; k < old.carries.size(); ++k)
      if (loop.carries[k] >= 0) body->next.push_back(loop.values[old.next[k]]);
    auto inputs = sequences;
    inputs.insert(inputs.end(), invariants.begin(), invariants.end());
    inputs.insert(inputs.end(), initial.begin(), initial.end());
    if (on_step_) body = passed(std::move(body), live_.loops.at(id).projections, loop.values);
    unroll.body = body;
    loop.node = ids_[id] = emitter_.emit(unroll_operation(), inputs, unroll.attributes());
    loops_.emplace(id, std::move(loop));
  }

  /// The body after the pass; its projected values have their new ids in `values`.
  std::shared_ptr<Body> passed(std::shared_ptr<Body> body, const std::vector<NodeId>& projections,
                               NodeIds& values) const {
    WantedStep step{std::move(body), {}};
    std::vector<std::int64_t> projected;
    for (auto id : projections) {
      const auto projection = Projection::of(source_.node(id));
      if (projection.is(Projection::Kind::final)) continue;
      projected.push_back(projection.which);
      step.values.push_back(values[projected.back()]);
    }
    on_step_(step);
    for (std::size_t i = 0; i < projected.size(); ++i) values[projected[i]] = step.values[i];
    return step.body;
  }

  NodeId projection(NodeId id) {
    const auto& node = source_.node(id);
    const auto& loop = loops_.at(source_.inputs(id)[0]);
    const auto projection = Projection::of(node);
    const bool is_final = projection.is(Projection::Kind::final);
    if (is_final && loop.carries[projection.which] < 0) return loop.initial[projection.which];
    const std::int64_t which = is_final ? loop.carries[projection.which] : loop.values[projection.which];
    return emitter_.emit(*node.operation, {loop.node}, projection.with(which).attributes(node.type));
  }

  const Tape& source_;
  const Live& live_;
  Emitter emitter_;
  NodeIds ids_;
  const StepPass& on_step_;
  std::map<NodeId, Loop> loops_;
};

}  // namespace

Wanted simplify(const Tape& tape, const std::vector<NodeId>& outputs, const StepPass& on_step) {
  auto live = find_live(tape, outputs);
  // A program takes all its arguments, used or not.
  for (NodeId id = 0; id < tape.size(); ++id)
    if (tape.node(id).operation == &argument_operation()) live.nodes[id] = true;
  Wanted result{std::make_unique<Tape>(tape.floating()), {}};
  const auto ids = Copy(tape, live, *result.tape, NodeIds(tape.size(), -1), on_step).run();
  for (auto output : outputs) result.outputs.push_back(ids[output]);
  return result;
}

}  // namespace reel
