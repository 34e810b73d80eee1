#include "passes/split/lift_step.h"

#include <reel/lift.h>
#include <reel/record.h>
#include <reel/structural.h>
#include <reel/unroll_flat.h>

#include <algorithm>

#include "passes/split/step_groups.h"
#include "record/projection.h"
#include "record/unroll_builder.h"

namespace reel::passes {

namespace {

Tensor swap_first_axes(const Tensor& x) { return time_first(x, 1); }

/// An unroll within a step of a loop, for all steps of that loop at once: its values get a leading axis for
/// them, a batch axis to the unroll.
class LiftedUnroll {
 public:
  LiftedUnroll(Tape& target, const UnrollNode& unroll, const std::vector<LiftedValue>& operands,
               std::int64_t steps, bool silent)
      : unroll_(unroll),
        body_(*unroll.body),
        operands_(operands),
        steps_(steps),
        silent_(silent),
        lifted_(target),
        inside_(lifted_.step(), *body_.tape, steps, silent) {}

  /// Records the unroll; `projected` are the body values that will be asked for.
  void run(const std::vector<NodeId>& projected) {
    make_inputs();
    record_step(projected);
    auto properties = unroll_;
    properties.silent = silent_;
    result_ = lifted_.finish(properties);
  }

  LiftedValue projection(const Node& node) const {
    const auto projection = Projection::of(node);
    if (projection.is(Projection::Kind::final)) return {projection.record(result_), true};
    const auto& value = inside_[static_cast<NodeId>(projection.which)];
    if (projection.is(Projection::Kind::summed)) return {result_.summed(value.tensor), value.lifted};
    const auto stacked = result_.stacked(value.tensor);
    return {value.lifted ? swap_first_axes(stacked) : stacked, value.lifted};
  }

 private:
  /// What the lifted unroll gets in place of an operand.
  Tensor lifted_operand(const UnrollOperand& operand) const {
    const auto& [tensor, lifted] = operands_[operand.number];
    if (operand.is_carry() && !lifted) return repeat_over_time(tensor, steps_);
    return operand.is_sequence() && lifted ? swap_first_axes(tensor) : tensor;
  }

  void make_inputs() {
    for (const auto& operand : UnrollOperands(body_)) {
      const auto& label = body_.tape->label(operand.inner);
      const auto input = lifted_.input(operand.kind, lifted_operand(operand).id(), label);
      const bool varies = operand.is_carry() || operands_[operand.number].lifted;
      inside_.set(operand.inner, {lifted_.step(), input}, varies);
    }
  }

  void record_step(std::vector<NodeId> wanted) {
    wanted.insert(wanted.end(), body_.next.begin(), body_.next.end());
    const auto groups = group_steps(body_, wanted);
    const Recording recording(lifted_.step());
    for (NodeId id = 0; id < body_.tape->size(); ++id) {
      if (!groups.is_live(id) || inside_.has(id)) continue;
      const auto kind = body_.tape->node(id).operation->kind;
      if (kind == Kind::unroll)
        inside_.unroll(id, live_projections(*body_.tape, groups, id));
      else if (kind != Kind::projection)
        inside_.node(id);
    }
    for (std::size_t k = 0; k < body_.carries.size(); ++k)
      lifted_.hand_on(inside_[body_.carries[k]].tensor.id(), inside_.at_every_step(body_.next[k]).id());
  }

  const UnrollNode& unroll_;
  const Body& body_;
  const std::vector<LiftedValue>& operands_;
  const std::int64_t steps_;
  const bool silent_;
  UnrollBuilder lifted_;
  Lifting inside_;
  Unroll result_;
};

}  // namespace

Tensor Lifting::at_every_step(NodeId id) const {
  const auto& [tensor, lifted] = values_[id];
  return lifted ? tensor : repeat_over_time(tensor, steps_);
}

Lift Lifting::lift_of(NodeId id) const {
  const auto& node = source_.node(id);
  Lift lift{*node.operation, {}, {}, node.attributes, steps_};
  for (auto input : source_.inputs(id)) {
    lift.operands.push_back(values_[input].tensor);
    lift.lifted.push_back(values_[input].lifted);
  }
  return lift;
}

void Lifting::node(NodeId id) {
  target_.set_origin(source_.origin(id));
  const auto all = lift_of(id);
  const bool varies = std::find(all.lifted.begin(), all.lifted.end(), true) != all.lifted.end();
  if (varies) return set(id, lift(all), true);
  std::vector<NodeId> inputs;
  for (const auto& operand : all.operands) inputs.push_back(operand.id());
  set(id, Tensor(target_, target_.append_copy(source_, id, inputs)), false);
}

void Lifting::unroll(NodeId id, const std::vector<NodeId>& projections) {
  target_.set_origin(source_.origin(id));
  std::vector<LiftedValue> operands;
  bool varies = false;
  for (auto input : source_.inputs(id)) {
    operands.push_back(values_[input]);
    varies |= operands.back().lifted;
  }
  if (!varies) return invariant_unroll(id, projections);
  const auto unroll = UnrollNode::of(source_.node(id).attributes);
  LiftedUnroll lifted(target_, unroll, operands, steps_, silent_ || unroll.silent);
  std::vector<NodeId> projected;
  for (auto id : projections)
    if (const auto projection = Projection::of(source_.node(id)); !projection.is(Projection::Kind::final))
      projected.push_back(static_cast<NodeId>(projection.which));
  lifted.run(projected);
  for (auto projection : projections) values_[projection] = lifted.projection(source_.node(projection));
}

void Lifting::invariant_unroll(NodeId id, const std::vector<NodeId>& projections) {
  auto unroll = UnrollNode::of(source_.node(id).attributes);
  unroll.silent |= silent_;
  std::vector<NodeId> inputs;
  for (auto input : source_.inputs(id)) inputs.push_back(values_[input].tensor.id());
  const auto copy = target_.append(unroll_operation(), inputs, unroll.attributes());
  for (auto projection : projections)
    set(projection, Tensor(target_, target_.append_copy(source_, projection, {&copy, 1})), false);
}

}  // namespace reel::passes
