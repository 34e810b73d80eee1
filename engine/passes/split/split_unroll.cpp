#include "passes/split/split_unroll.h"

#include <reel/lift.h>
#include <reel/record.h>
#include <reel/structural.h>
#include <reel/unroll_flat.h>

#include <algorithm>
#include <set>

#include "passes/split/lift_step.h"
#include "passes/split/step_plan.h"
#include "record/index_maps.h"
#include "record/unroll_builder.h"

// Loop distribution. The live part of a body falls into components that depend on one another in one
// direction only: cycles through carries, which become loops, and single nodes, which need none.

namespace reel::passes {

namespace {

class SplitUnroll {
 public:
  SplitUnroll(Tape& tape, const UnrollNode& unroll, const std::vector<NodeId>& operands,
              const SplitOptions& options, Projected& projected, limits::Met& met)
      : outer_(tape),
        unroll_(unroll),
        body_(*unroll.body),
        step_(*unroll.body->tape),
        operands_(body_, operands),
        projected_(projected),
        plan_(plan_steps(body_, unroll.steps, keys_of(projected), options, met)),
        lifting_(tape, step_, unroll.steps, unroll.silent),
        carry_(step_.size(), -1),
        totals_(step_.size()),
        loops_(plan_.loops.size()) {
    for (const auto& carry : operands_.carries())
      carry_[carry.inner] = static_cast<std::int32_t>(carry.position);
    for (std::size_t c = 0; c < loops_.size(); ++c) loops_[c].values = plan_.loops[c];
    for (const auto& [projection, id] : projected) {
      const auto loop = plan_.loop_of[projection.value(body_)];
      if (loop >= 0 && projection.is(Projection::Kind::final))
        loops_[loop].finals.push_back(static_cast<std::int32_t>(projection.which));
    }
  }

  void run() {
    set_inputs();
    for (auto c : plan_.order) {
      if (!loops_[c].values.empty()) loop(loops_[c]);
      if (const auto found = plan_.scans.find(c); found != plan_.scans.end()) {
        scan(plan_.groups.components[c], found->second);
        continue;
      }
      for (auto id : plan_.groups.components[c])
        if (plan_.loop_of[id] < 0) outside(id);
    }
    for (auto& [projection, id] : projected_) id = result(projection).id();
  }

 private:
  struct Loop {
    Span<const NodeId> values;                    // of the body, in their order
    std::vector<std::int32_t> finals;             // carries whose last values are wanted
    std::map<NodeId, NodeId> map;                 // to values of the loop's body
    std::map<std::int32_t, std::size_t> carries;  // a carry's position in the loop
    std::map<NodeId, NodeId> joined;              // a part of a concat that is needed itself, and that concat
    Unroll unroll;
  };

  static std::vector<Projection> keys_of(const Projected& projected) {
    std::vector<Projection> keys;
    for (const auto& [projection, id] : projected) keys.push_back(projection);
    return keys;
  }

  const Node& node(NodeId id) const { return step_.node(id); }
  const Need& need(NodeId id) const { return plan_.needs[id]; }
  Tensor initial(std::int32_t carry) const { return {outer_, operands_.carries()[carry].outer}; }

  // Recording, from the first component to the last.

  void set_inputs() {
    for (const auto& operand : operands_)
      if (!operand.is_carry()) lifting_.set(operand.inner, {outer_, operand.outer}, operand.is_sequence());
  }

  /// A value that needs no loop.
  void outside(NodeId id) {
    const auto kind = node(id).operation->kind;
    outer_.set_origin(step_.origin(id));
    if (kind == Kind::unroll) return lifting_.unroll(id, live_projections(step_, plan_.groups, id));
    if (carry_[id] >= 0)
      shifted(id);
    else if (need(id).in_steps)
      lifting_.set(id, step_by_step(id, Projection::Kind::stacked), true);
    else if (!lifting_.has(id) && (need(id).value || (need(id).total && need(id).sum == Sum::of_steps)))
      lifting_.node(id);
    if (need(id).total) totals_[id] = total(id);
  }

  /// A cycle that needs no loop.
  void scan(Span<const NodeId> component, const Recurrence& recurrence) {
    outer_.set_origin(step_.origin(recurrence.result));
    record_scan(body_, component, recurrence, initial(carry_[recurrence.carry]), unroll_.reverse,
                unroll_.steps, lifting_);
    for (auto id : component)
      if (need(id).total) totals_[id] = total(id);
  }

  /// What a step gets that the step before computed without a loop.
  void shifted(NodeId id) {
    if (!need(id).value && !need(id).total) return;
    const auto k = carry_[id];
    if (!plan_.varies(id)) return lifting_.set(id, initial(k), false);
    lifting_.set(id, shift(initial(k), lifting_.at_every_step(body_.next[k]), 0, unroll_.reverse), true);
  }

  /// The sum of a value over the steps.
  Tensor total(NodeId id) {
    switch (need(id).sum) {
      case Sum::of_steps:
        return sum(lifting_.at_every_step(id), {0});
      case Sum::in_loop:
        return step_by_step(id, Projection::Kind::summed);
      case Sum::linear: {
        const auto inputs = step_.inputs(id);
        Tensors operands;
        for (std::size_t i = 0; i < inputs.size(); ++i)
          operands.push_back(sums_operand(plan_, step_, id, i) ? totals_[inputs[i]]
                                                               : lifting_[inputs[i]].tensor);
        return record(*node(id).operation, operands, node(id).attributes);
      }
      case Sum::by_operation: {
        const auto lifted = lifting_.lift_of(id);
        const auto result = node(id).operation->sum_over_time(lifted);
        return result.defined() ? result : sum(lift(lifted), {0});
      }
    }
    throw InternalError("no such sum");
  }

  // Loops.

  /// A value at every step, or its sum over them, by a loop of its own: what it is made of is too large to be
  /// stored.
  Tensor step_by_step(NodeId id, Projection::Kind projected) {
    std::set<NodeId> values;
    std::vector<NodeId> pending{id};
    while (!pending.empty()) {
      const auto value = pending.back();
      pending.pop_back();
      if (!values.insert(value).second) continue;
      for (auto input : step_.inputs(value))
        if (need(input).step && !need(input).value) pending.push_back(input);
    }
    const std::vector<NodeId> in_order(values.begin(), values.end());
    Loop loop;
    loop.values = in_order;
    build(loop);
    return Projection{projected, loop.map.at(id)}.record(loop.unroll);
  }

  void loop(Loop& loop) {
    build(loop);
    for (auto id : loop.values)
      if (node(id).operation == &concat_operation() && need(id).value)
        for (auto part : step_.inputs(id))
          if (loop.map.count(part)) loop.joined.emplace(part, id);
    for (auto id : loop.values) {
      if (need(id).value) stack(loop, id);
      if (need(id).total) totals_[id] = loop.unroll.summed(loop.map.at(id));
    }
  }

  void build(Loop& loop) {
    UnrollBuilder builder(outer_);
    const auto is_inside = [&](NodeId id) {
      return std::binary_search(loop.values.begin(), loop.values.end(), id);
    };
    for (auto id : loop.values) {
      if (carry_[id] >= 0) {
        add_carry(loop, builder, carry_[id]);
        continue;
      }
      for (auto input : step_.inputs(id)) {
        if (is_inside(input) || loop.map.count(input)) continue;
        const auto& [tensor, lifted] = lifting_[input];
        const auto& label = step_.label(input);
        loop.map[input] =
            lifted ? builder.sequence(tensor.id(), label) : builder.invariant(tensor.id(), label);
      }
    }
    // A carry that the loop does not read but whose last value is wanted.
    for (auto k : loop.finals)
      if (!is_inside(body_.carries[k])) add_carry(loop, builder, k);
    std::vector<NodeId> inputs;
    for (auto id : loop.values) {
      if (carry_[id] >= 0) continue;
      inputs.clear();
      for (auto input : step_.inputs(id)) inputs.push_back(loop.map.at(input));
      loop.map[id] = builder.step().append_copy(step_, id, inputs);
    }
    for (const auto& [k, position] : loop.carries)
      builder.hand_on(loop.map.at(body_.carries[k]), loop.map.at(body_.next[k]));
    outer_.set_origin(step_.origin(loop.values[loop.values.size() - 1]));
    loop.unroll = builder.finish(unroll_);
  }

  void add_carry(Loop& loop, UnrollBuilder& builder, std::int32_t k) {
    const auto& carry = operands_.carries()[k];
    loop.carries.emplace(k, loop.carries.size());
    loop.map[carry.inner] = builder.carry(carry.outer, step_.label(carry.inner));
  }

  /// The value of a loop at every step. What is one buffer already is not stored twice.
  void stack(Loop& loop, NodeId id) {
    if (lifting_.has(id)) return;
    if (carry_[id] >= 0) {
      const auto next = body_.next[carry_[id]];
      if (carry_[next] < 0) {
        stack(loop, next);
        lifting_.set(id, shift(initial(carry_[id]), lifting_[next].tensor, 0, unroll_.reverse), true);
        return;
      }
    } else if (const auto joined = loop.joined.find(id); joined != loop.joined.end()) {
      const auto whole = joined->second;
      stack(loop, whole);
      lifting_.set(id, part_of(whole, id), true);
      return;
    }
    lifting_.set(id, loop.unroll.stacked(loop.map.at(id)), true);
  }

  /// The part that operand `part` is of concat `whole`, at every step.
  Tensor part_of(NodeId whole, NodeId part) const {
    const auto concat = Concat::of(step_, whole);
    for (const auto& [id, start, stop] : concat.parts)
      if (id == part) return slice(lifting_[whole].tensor, concat.axis + 1, start, stop);
    throw InternalError("a concat does not hold its part");
  }

  Tensor result(const Projection& projection) const {
    const auto next = projection.value(body_);
    if (projection.is(Projection::Kind::summed)) return totals_[next];
    if (projection.is(Projection::Kind::stacked)) return lifting_.at_every_step(next);
    if (const auto loop = plan_.loop_of[next]; loop >= 0)
      return loops_[loop].unroll.final_carry(
          loops_[loop].carries.at(static_cast<std::int32_t>(projection.which)));
    const auto& [value, lifted] = lifting_[next];
    return lifted ? index(value, 0, unroll_.reverse ? 0 : unroll_.steps - 1) : value;
  }

  Tape& outer_;
  const UnrollNode& unroll_;
  const Body& body_;
  const Tape& step_;
  const UnrollOperands operands_;
  Projected& projected_;
  const StepPlan plan_;
  Lifting lifting_;
  std::vector<std::int32_t> carry_;  // position of an input among the carries
  Tensors totals_;
  std::vector<Loop> loops_;  // of the components
};

/// Without a step nothing is computed: outputs are empty, sums are zero, carries keep their initial values.
void split_empty(Tape& tape, const Body& body, const std::vector<NodeId>& operands, Projected& projected) {
  const UnrollOperands all(body, operands);
  for (auto& [projection, id] : projected) {
    if (projection.is(Projection::Kind::final)) {
      id = all.carries()[projection.which].outer;
      continue;
    }
    auto type = body.tape->node(projection.value(body)).type;
    if (projection.is(Projection::Kind::stacked)) type.shape = type.shape.with_axis(0, 0);
    id = tape.fill(0, type).id();
  }
}

}  // namespace

void split_unroll(Tape& tape, const UnrollNode& unroll, const std::vector<NodeId>& operands,
                  const SplitOptions& options, Projected& projected, limits::Met& met) {
  if (unroll.steps == 0) return split_empty(tape, *unroll.body, operands, projected);
  SplitUnroll(tape, unroll, operands, options, projected, met).run();
}

void keep_unroll(Tape& tape, const UnrollNode& unroll, const std::vector<NodeId>& operands,
                 Projected& projected) {
  const Unroll kept(tape, tape.append(unroll_operation(), operands, unroll.attributes()));
  for (auto& [projection, id] : projected) id = projection.record(kept).id();
}

}  // namespace reel::passes
