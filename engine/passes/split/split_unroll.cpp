#include "passes/split/split_unroll.h"

#include <reel/lift.h>
#include <reel/record.h>
#include <reel/structural.h>
#include <reel/unroll_flat.h>

#include <algorithm>

#include "passes/split/lift_step.h"
#include "passes/split/sink.h"
#include "passes/split/step_groups.h"
#include "record/index_maps.h"
#include "record/unroll_builder.h"

// Loop distribution. The live part of a body falls into components that depend on one another in one
// direction only: cycles through carries, which become loops of their own, and single nodes, which need none.

namespace reel::passes {

namespace {

class SplitUnroll {
 public:
  SplitUnroll(Tape& tape, const UnrollNode& unroll, const std::vector<NodeId>& operands, bool sink,
              Projected& projected)
      : outer_(tape),
        unroll_(unroll),
        body_(*unroll.body),
        step_(*unroll.body->tape),
        operands_(body_, operands),
        projected_(projected),
        groups_(group_steps(body_, wanted())),
        lifting_(tape, step_, unroll.steps, unroll.silent),
        carry_(step_.size(), -1),
        needs_(step_.size()),
        totals_(step_.size()),
        loops_(groups_.components.size()) {
    for (const auto& carry : operands_.carries())
      carry_[carry.inner] = static_cast<std::int32_t>(carry.position);
    for (std::size_t c = 0; c < loops_.size(); ++c)
      if (groups_.components[c].of.loop >= 0) loops_[c].values = groups_.components[c].nodes;
    if (sink) sink_into_loops();
    find_sources();
  }

  void run() {
    find_needs();
    set_inputs();
    for (std::size_t c = 0; c < groups_.components.size(); ++c) {
      const auto& component = groups_.components[c];
      if (component.of.loop >= 0)
        loop(loops_[c]);
      else
        for (auto id : component.nodes)
          if (loop_of(id) < 0) outside(id);
    }
    for (auto& [projection, id] : projected_) id = result(projection).id();
  }

 private:
  /// How a value is needed outside of the loop that computes it.
  struct Need {
    bool value = false;  // at every step, or once where it does not vary
    bool total = false;  // summed over the steps
    bool step = false;   // step by step, in a loop that adds up
  };
  /// How the sum of a value over the steps comes about.
  enum class Sum {
    of_steps,     // of its values at all steps
    in_loop,      // of its values as they come: all of them would need much memory
    linear,       // the operation on the sums of its operands
    by_operation  // the operation tells
  };
  struct Loop {
    std::vector<NodeId> values;    // of the body, in their order
    std::map<NodeId, NodeId> map;  // to values of the loop's body
    std::vector<std::int32_t> carries;
    std::map<NodeId, NodeId> joined;  // a part of a concat that is needed itself, and that concat
    Unroll unroll;
  };

  const Node& node(NodeId id) const { return step_.node(id); }
  bool varies(NodeId id) const { return groups_[id].varies; }
  std::int32_t loop_of(NodeId id) const {
    if (!groups_.is_live(id)) return -1;
    return sunk_.empty() || sunk_[id] < 0 ? groups_[id].loop : sunk_[id];
  }
  std::int64_t bytes(NodeId id) const { return static_cast<std::int64_t>(node(id).type.bytes()); }
  Tensor initial(std::int32_t carry) const { return {outer_, operands_.carries()[carry].outer}; }

  std::vector<NodeId> wanted() const {
    std::vector<NodeId> values;
    for (const auto& [projection, id] : projected_) values.push_back(projection.value(body_));
    return values;
  }

  void sink_into_loops() {
    std::vector<bool> is_result(step_.size());
    for (auto value : wanted()) is_result[value] = true;
    for (auto next : body_.next) is_result[next] = true;
    sunk_ = find_sunk(body_, groups_, is_result);
    for (NodeId id = 0; id < step_.size(); ++id)
      if (sunk_[id] >= 0) loops_[sunk_[id]].values.push_back(id);
    for (auto& loop : loops_) std::sort(loop.values.begin(), loop.values.end());
  }

  /// How many bytes a step that are there at all steps anyway a value is made of: sequences, what loops and
  /// products give.
  void find_sources() {
    source_bytes_.resize(step_.size());
    for (const auto& component : groups_.components)
      for (auto id : component.nodes) {
        if (!varies(id)) continue;
        const auto inputs = step_.inputs(id);
        std::int64_t sources = 0, varying = 0;
        for (auto input : inputs) {
          sources += source_bytes_[input];
          varying += varies(input);
        }
        const auto kind = node(id).operation->kind;
        const bool is_rows = kind == Kind::gather || (kind == Kind::contraction && varying == 1);
        const bool is_nested = kind == Kind::unroll || kind == Kind::projection;
        const bool is_source = inputs.empty() || loop_of(id) >= 0 || is_rows || is_nested;
        source_bytes_[id] = is_source ? bytes(id) : std::min(bytes(id), sources);
      }
  }

  /// Whether all steps of a value would need much more memory than all steps of what it is made of.
  bool is_large(NodeId id) const { return varies(id) && bytes(id) > much_larger * source_bytes_[id]; }

  // What is needed, from the last component to the first.

  void find_needs() {
    for (const auto& [projection, id] : projected_) {
      const auto value = projection.value(body_);
      if (projection.is(Projection::Kind::summed))
        needs_[value].total = true;
      else if (projection.is(Projection::Kind::stacked) || loop_of(value) < 0)
        needs_[value].value = true;
    }
    for (std::size_t c = groups_.components.size(); c-- > 0;) {
      const auto& component = groups_.components[c];
      if (component.of.loop >= 0) {
        for (auto id : loops_[c].values) need_operands_outside(id, component.of.loop);
        continue;
      }
      for (auto id = component.nodes.rbegin(); id != component.nodes.rend(); ++id)
        if (loop_of(*id) < 0) need_operands(*id);
    }
  }

  void need_operands_outside(NodeId id, std::int32_t loop) {
    for (auto input : step_.inputs(id))
      if (loop_of(input) != loop) needs_[input].value = true;
  }

  void need_operands(NodeId id) {
    const auto inputs = step_.inputs(id);
    const auto& need = needs_[id];
    const bool is_unroll = node(id).operation->kind == Kind::unroll;
    if (carry_[id] >= 0 && (need.value || need.total)) needs_[body_.next[carry_[id]]].value = true;
    const bool at_steps_only = !need.value && (need.step || (need.total && sum_of(id) == Sum::in_loop));
    if (at_steps_only || reduces_large(id)) {
      for (auto input : inputs) (is_large(input) ? needs_[input].step : needs_[input].value) = true;
    } else if (is_unroll || need.value || (need.total && sum_of(id) != Sum::linear)) {
      for (auto input : inputs) needs_[input].value = true;
    } else if (need.total) {
      const auto* together = linear_operands(id);
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        const bool summed = !together || std::find(together->begin(), together->end(), i) != together->end();
        (summed ? needs_[inputs[i]].total : needs_[inputs[i]].value) = true;
      }
    }
  }

  /// Whether a value that is needed at all steps is made of one that is large and needed for nothing else. A
  /// product is better off all at once even so.
  bool reduces_large(NodeId id) const {
    const auto kind = node(id).operation->kind;
    if (!needs_[id].value || is_large(id) || kind == Kind::contraction || kind == Kind::unroll) return false;
    const auto inputs = step_.inputs(id);
    return std::any_of(inputs.begin(), inputs.end(), [&](NodeId input) {
      return is_large(input) && !needs_[input].value && bytes(input) > much_larger * bytes(id);
    });
  }

  /// Operands that hold all those that vary and in which, together, the operation is linear; null for all.
  const std::vector<std::size_t>* linear_operands(NodeId id) const {
    const auto& operation = *node(id).operation;
    if (operation.kind == Kind::index_map) return nullptr;
    const auto inputs = step_.inputs(id);
    for (const auto& together : operation.algebra.linear) {
      bool holds_all = true;
      for (std::size_t i = 0; i < inputs.size(); ++i)
        holds_all &= !varies(inputs[i]) || std::find(together.begin(), together.end(), i) != together.end();
      if (holds_all) return &together;
    }
    return nullptr;
  }

  Sum sum_of(NodeId id) const {
    const auto& operation = *node(id).operation;
    // What is there at all steps is added up as it is.
    if (needs_[id].value || !varies(id) || step_.inputs(id).empty()) return Sum::of_steps;
    if (needs_[id].step) return Sum::in_loop;
    if (operation.kind == Kind::index_map || linear_operands(id)) return Sum::linear;
    if (operation.sum_over_time) return Sum::by_operation;
    return is_large(id) ? Sum::in_loop : Sum::of_steps;
  }

  // Recording, from the first component to the last.

  void set_inputs() {
    for (const auto& operand : operands_)
      if (!operand.is_carry()) lifting_.set(operand.inner, {outer_, operand.outer}, operand.is_sequence());
  }

  /// A value that needs no loop.
  void outside(NodeId id) {
    const auto kind = node(id).operation->kind;
    outer_.set_origin(step_.origin(id));
    if (kind == Kind::unroll) return lifting_.unroll(id, live_projections(step_, groups_, id));
    if (carry_[id] >= 0) {
      shifted(id);
    } else if (reduces_large(id)) {
      lifting_.set(id, step_by_step(id, Projection::Kind::stacked), true);
    } else if (!lifting_.has(id)) {
      const auto sum = sum_of(id);
      const bool for_sum = needs_[id].total && sum == Sum::of_steps;
      if (needs_[id].value || for_sum) lifting_.node(id);
      if (needs_[id].total && sum != Sum::of_steps)
        totals_[id] = sum == Sum::in_loop ? step_by_step(id, Projection::Kind::summed) : total(id, sum);
    }
    if (needs_[id].total && !totals_[id].defined()) totals_[id] = sum_of_steps(id);
  }

  /// What a step gets that the step before computed without a loop.
  void shifted(NodeId id) {
    if (!needs_[id].value && !needs_[id].total) return;
    const auto k = carry_[id];
    if (!varies(id)) return lifting_.set(id, initial(k), false);
    lifting_.set(id, shift(initial(k), lifting_.at_every_step(body_.next[k]), 0, unroll_.reverse), true);
  }

  Tensor sum_of_steps(NodeId id) const { return sum(lifting_.at_every_step(id), {0}); }

  Tensor total(NodeId id, Sum rule) const {
    const auto inputs = step_.inputs(id);
    if (rule == Sum::linear) {
      const auto* together = linear_operands(id);
      Tensors operands;
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        const bool summed = !together || std::find(together->begin(), together->end(), i) != together->end();
        operands.push_back(summed ? totals_[inputs[i]] : lifting_[inputs[i]].tensor);
      }
      return record(*node(id).operation, operands, node(id).attributes);
    }
    const auto lifted = lifting_.lift_of(id);
    const auto result = node(id).operation->sum_over_time(lifted);
    return result.defined() ? result : sum(lift(lifted), {0});
  }

  // Loops.

  /// A value at every step, or its sum over them, by a loop of its own: what it is made of is too large to be
  /// stored.
  Tensor step_by_step(NodeId id, Projection::Kind projected) {
    Loop loop;
    std::vector<NodeId> pending{id};
    while (!pending.empty()) {
      const auto value = pending.back();
      pending.pop_back();
      if (std::find(loop.values.begin(), loop.values.end(), value) != loop.values.end()) continue;
      loop.values.push_back(value);
      for (auto input : step_.inputs(value))
        if (needs_[input].step && !needs_[input].value) pending.push_back(input);
    }
    std::sort(loop.values.begin(), loop.values.end());
    build(loop);
    return Projection{projected, loop.map.at(id)}.record(loop.unroll);
  }

  void loop(Loop& loop) {
    build(loop);
    const auto is_needed = [&](NodeId id) { return needs_[id].value; };
    for (auto id : loop.values)
      if (node(id).operation == &concat_operation() && is_needed(id))
        for (auto part : step_.inputs(id))
          if (loop.map.count(part)) loop.joined.emplace(part, id);
    for (auto id : loop.values) {
      if (is_needed(id)) stack(loop, id);
      if (needs_[id].total) totals_[id] = loop.unroll.summed(loop.map.at(id));
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
    for (const auto& [projection, id] : projected_) {
      if (!projection.is(Projection::Kind::final) || !is_inside(projection.value(body_))) continue;
      const auto k = static_cast<std::int32_t>(projection.which);
      if (!is_inside(body_.carries[k])) add_carry(loop, builder, k);
    }
    for (auto id : loop.values) {
      if (carry_[id] >= 0) continue;
      std::vector<NodeId> inputs;
      for (auto input : step_.inputs(id)) inputs.push_back(loop.map.at(input));
      loop.map[id] = builder.step().append_copy(step_, id, inputs);
    }
    for (auto k : loop.carries) builder.hand_on(loop.map.at(body_.carries[k]), loop.map.at(body_.next[k]));
    outer_.set_origin(step_.origin(loop.values.back()));
    loop.unroll = builder.finish(unroll_);
  }

  void add_carry(Loop& loop, UnrollBuilder& builder, std::int32_t k) {
    const auto& carry = operands_.carries()[k];
    loop.carries.push_back(k);
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
    if (const auto loop = loop_of(next); loop >= 0) {
      const auto& carries = loops_[loop].carries;
      const auto position = std::find(carries.begin(), carries.end(), projection.which) - carries.begin();
      return loops_[loop].unroll.final_carry(position);
    }
    const auto& [value, lifted] = lifting_[next];
    return lifted ? index(value, 0, unroll_.reverse ? 0 : unroll_.steps - 1) : value;
  }

  static constexpr std::int64_t much_larger = 4;
  Tape& outer_;
  const UnrollNode& unroll_;
  const Body& body_;
  const Tape& step_;
  const UnrollOperands operands_;
  Projected& projected_;
  const StepGroups groups_;
  Lifting lifting_;
  std::vector<std::int32_t> carry_;  // position of an input among the carries
  std::vector<std::int32_t> sunk_;   // the loop a value before it is computed in, or -1
  std::vector<std::int64_t> source_bytes_;
  std::vector<Need> needs_;
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

void split_unroll(Tape& tape, const UnrollNode& unroll, const std::vector<NodeId>& operands, bool sink,
                  Projected& projected) {
  if (unroll.steps == 0) return split_empty(tape, *unroll.body, operands, projected);
  SplitUnroll(tape, unroll, operands, sink, projected).run();
}

void keep_unroll(Tape& tape, const UnrollNode& unroll, const std::vector<NodeId>& operands,
                 Projected& projected) {
  const Unroll kept(tape, tape.append(unroll_operation(), operands, unroll.attributes()));
  for (auto& [projection, id] : projected) id = projection.record(kept).id();
}

}  // namespace reel::passes
