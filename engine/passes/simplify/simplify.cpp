#include "passes/simplify/simplify.h"

#include <reel/structural.h>

#include <algorithm>

#include "passes/liveness.h"
#include "passes/rewriting/emitter.h"
#include "record/projection.h"
#include "record/unroll_builder.h"
#include "tape/origin_map.h"

namespace reel::passes {

namespace {

/// New ids of the nodes of a tape; -1 for those that are not copied.
using NodeIds = std::vector<NodeId>;

/// Copies the live part of a tape, whose inputs, where it is a body, are in `ids` already.
class Copy {
 public:
  Copy(const Tape& source, bool is_simple, const Live& live, Tape& target, NodeIds ids,
       const StepPass& on_step)
      : source_(source),
        is_simple_(is_simple),
        live_(live),
        emitter_(target, source.size()),
        origins_(source, target),
        ids_(std::move(ids)),
        on_step_(on_step),
        is_as_before_(source.size()) {}

  NodeIds run() {
    for (NodeId id = 0; id < source_.size(); ++id) {
      if (ids_[id] < 0 && !live_.nodes[id]) continue;
      const auto there = emitter_.tape().size();
      const bool given = ids_[id] >= 0;
      if (!given) copy(id);
      // A node that stood for another one before, or stands for several now, may make a rule apply.
      is_as_before_[id] = is_simple_ && (given || ids_[id] >= there) &&
                          emitter_.node(ids_[id]).operation == source_.node(id).operation &&
                          (source_.node(id).operation->kind == Kind::projection || has_same_inputs(id));
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

  void copy(NodeId id) {
    const auto& node = source_.node(id);
    origins_.set(id);
    if (node.operation == &argument_operation())
      ids_[id] = emitter_.tape().argument(node.type, source_.label(id)).id();
    else if (node.operation->kind == Kind::unroll)
      unroll(id);
    else if (node.operation->kind == Kind::projection)
      ids_[id] = projection(id);
    else if (is_simple_ && has_same_inputs(id))
      ids_[id] = emitter_.adopt(source_, id, mapped_inputs(id));
    else
      ids_[id] = emitter_.emit(*node.operation, mapped_inputs(id), node.attributes, source_.label(id));
  }

  bool has_same_inputs(NodeId id) const {
    const auto inputs = source_.inputs(id);
    return std::all_of(inputs.begin(), inputs.end(), [&](NodeId input) { return is_as_before_[input]; });
  }

  const std::vector<NodeId>& mapped_inputs(NodeId id) {
    inputs_.clear();
    for (auto input : source_.inputs(id)) inputs_.push_back(ids_[input]);
    return inputs_;
  }

  /// What the new body has for an operand that it needs. One that is the same everywhere is made inside.
  NodeId body_value(UnrollBuilder& builder, Emitter& inside, const UnrollOperand& operand, const Tape& old) {
    const auto outer = ids_[operand.outer];
    const auto& label = old.label(operand.inner);
    if (operand.is_carry() && !operand.is_kept()) return builder.carry(outer, label);
    if (const auto value = emitter_.uniform_value(outer))
      return inside.fill(*value, old.node(operand.inner).type);
    return operand.is_sequence() ? builder.sequence(outer, label) : builder.invariant(outer, label);
  }

  void unroll(NodeId id) {
    const auto unroll = UnrollNode::of(source_.node(id).attributes);
    const auto& old = *unroll.body->tape;
    const auto& live = live_.loops.at(id);
    UnrollBuilder builder(emitter_.tape());
    Emitter inside(builder.step());
    NodeIds values(old.size(), -1);
    const auto operands = UnrollOperands::of(source_, id);
    for (const auto& operand : operands)
      if (live.body.needs(operand)) values[operand.inner] = body_value(builder, inside, operand, old);
    Loop loop;
    std::int64_t changing = 0;
    for (const auto& carry : operands.carries()) {
      const bool is_needed = live.body.needs(carry);
      loop.carries.push_back(is_needed && !carry.is_kept() ? changing++ : -1);
      loop.initial.push_back(is_needed ? ids_[carry.outer] : -1);
    }
    loop.values = Copy(old, is_simple_, live.body, builder.step(), std::move(values), on_step_).run();
    for (const auto& carry : operands.carries())
      if (loop.carries[carry.position] >= 0)
        builder.hand_on(loop.values[carry.inner], loop.values[carry.next]);
    if (on_step_) builder.replace_body(passed(builder.body(), live.projections, loop.values));
    loop.node = ids_[id] = builder.finish(unroll).id();
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
  const bool is_simple_;
  const Live& live_;
  Emitter emitter_;
  OriginMap origins_;
  NodeIds ids_;
  NodeIds inputs_;  // of the node that is being copied
  const StepPass& on_step_;
  std::vector<bool> is_as_before_;  // with all that it is made of
  std::map<NodeId, Loop> loops_;
};

}  // namespace

Wanted simplify(const Tape& tape, const std::vector<NodeId>& outputs, bool is_simple,
                const StepPass& on_step) {
  auto live = find_live(tape, outputs);
  // A program takes all its arguments, used or not.
  for (auto id : tape.arguments()) live.nodes[id] = true;
  Wanted result{std::make_unique<Tape>(tape.floating()), {}};
  const auto ids = Copy(tape, is_simple, live, *result.tape, NodeIds(tape.size(), -1), on_step).run();
  for (auto output : outputs) result.outputs.push_back(ids[output]);
  return result;
}

}  // namespace reel::passes
