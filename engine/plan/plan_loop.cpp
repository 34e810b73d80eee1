#include "plan/planner.h"

#include <reel/structural.h>

#include <algorithm>

#include "plan/memory_reuse.h"
#include "plan/totals.h"
#include "record/projection.h"

// An unroll becomes a loop around the work of its body. A value that is wanted of every step is
// computed in its place in the [T, ...] buffer. A carry that is also wanted of every step is read there: the
// buffer has a slot more for the state before the first step.

namespace reel::plan {

namespace {

std::vector<NodeId> wanted_of(const Loop& loop, const Tape& outer) {
  std::vector<NodeId> wanted;
  for (const auto& carry : loop.operands.carries())
    if (loop.needs(carry)) wanted.push_back(carry.next);
  for (auto projection : loop.live->projections) {
    const auto of = Projection::of(outer.node(projection));
    if (!of.is(Projection::Kind::final)) wanted.push_back(of.value(loop.body()));
  }
  return wanted;
}

/// Values of a body that are wanted from outside beside carries.
struct WantedValues {
  std::set<NodeId> at_every_step;
  std::set<NodeId> at_its_end;  // read when a step is done, to be added up
};

WantedValues wanted_values(const Tape& outer, const Context& inner, const Loop& loop) {
  WantedValues wanted;
  for (auto projection : loop.live->projections) {
    const auto of = Projection::of(outer.node(projection));
    if (of.is(Projection::Kind::stacked)) wanted.at_every_step.insert(of.value(loop.body()));
    if (of.is(Projection::Kind::summed)) wanted.at_its_end.insert(inner.source(of.value(loop.body())));
  }
  return wanted;
}

}  // namespace

void Planner::plan_unroll(Context& outer, NodeId id) {
  Loop loop{UnrollNode::of(outer.tape.node(id).attributes), UnrollOperands::of(outer.tape, id),
            &outer.live.loops.at(id)};
  Context inner(*loop.body().tape, loop.live->body, outer.level + 1);
  prepare_context(inner, wanted_of(loop, outer.tape));
  for (const auto& operand : loop.operands) {
    if (operand.is_carry() || !loop.needs(operand)) continue;
    const auto& all = place(outer, operand.outer);
    inner.standing.put(operand.inner, operand.is_sequence() ? step_of(all, outer.level) : all);
  }
  Block block;
  blocks_.push_back(&block);
  place_carries(outer, inner, loop);
  place_projections(outer, inner, loop);
  give_parts_homes(inner);
  plan_.loop_depth = std::max(plan_.loop_depth, inner.level);
  copy_given(inner, loop);
  plan_items(inner);
  place_sums(outer, inner, loop);
  end_step(inner, loop);
  blocks_.pop_back();

  Work work{Work::Kind::loop};
  work.steps = loop.unroll.steps;
  work.reverse = loop.unroll.reverse;
  const auto what = "loop of " + std::to_string(work.steps) + " steps" + (work.reverse ? ", backwards" : "");
  add_line({work, {what, outer.tape.origin(id), ""}, {}, std::make_shared<Block>(std::move(block))},
           outer.level);
  round_totals(outer, loop);
  add_up_kept(outer, loop);
  for (const auto& [projection, to] : loop.after) {
    add_copy(place(outer, projection), to, outer.level, "result of a loop");
    outer.standing.put(projection, to);
  }
}

/// Whether the next value of a carry may be written over it: nobody reads the old one any more, but perhaps
/// the fusion that computes the new one, element by element.
bool Planner::may_overwrite_carry(const Context& inner, NodeId carry, NodeId next) const {
  const auto item = inner.schedule.item_of[next];
  // The parts of a concat are computed in their places, before its turn.
  const auto& operation = inner.operation(next);
  if (&operation == &concat_operation() || &operation == &pad_operation()) return false;
  if (item < 0 || operation.kind == Kind::unroll || inner.standing.has_home(next)) return false;
  if (inner.last_reader[carry] < item) return true;
  return inner.last_reader[carry] == item && inner.schedule.items[item].is_fusion && inner.read_as_is[carry];
}

void Planner::place_carries(Context& outer, Context& inner, Loop& loop) {
  const auto wanted = wanted_values(outer.tape, inner, loop);
  loop.carries.resize(loop.body().carries.size());
  for (const auto& carry : loop.operands.carries()) {
    if (!loop.needs(carry)) continue;
    const bool computed =
        carry.next != carry.inner && inner.computed(carry.next) && !inner.standing.has_home(carry.next);
    auto& placed = loop.carries[carry.position];
    if (computed && wanted.at_every_step.count(carry.next)) {
      placed = place_in_history(outer, inner, loop, carry);
      if (wanted.at_every_step.count(carry.inner))
        loop.stacked[carry.inner] = histories_.at(placed.place.buffer).before();
    } else {
      const bool is_read_later =
          wanted.at_every_step.count(carry.inner) || wanted.at_its_end.count(carry.inner);
      const bool overwritten =
          computed && !is_read_later && may_overwrite_carry(inner, carry.inner, carry.next);
      placed = place_by_itself(outer, inner, carry, overwritten);
    }
    inner.standing.put(carry.inner, placed.place);
  }
}

/// A carry that is a value wanted of every step is read where that is stored.
Loop::Carry Planner::place_in_history(Context& outer, Context& inner, Loop& loop,
                                      const UnrollOperand& carry) {
  const auto& history = new_history(outer, carry.outer, loop.unroll.steps, loop.unroll.reverse);
  inner.standing.give_home(carry.next, step_of(history.place, outer.level, history.first_after()));
  loop.stacked[carry.next] = history.after();
  return {step_of(history.place, outer.level, history.first_before()), history.end(), false};
}

/// Memory for the states before and after every step, which begins with the initial one.
const History& Planner::new_history(Context& context, NodeId initial, std::int64_t steps, bool reverse) {
  const auto first = place(context, initial);
  const auto& type = context.tape.node(initial).type;
  const auto memory = new_buffer({type.element, type.shape.with_axis(0, steps + 1)}, context.level);
  const auto& history =
      histories_.emplace(memory.buffer, History{&context.tape, initial, reverse, memory}).first->second;
  add_copy(first, history.start(), context.level, "state before the loop");
  return history;
}

/// A carry with memory of its own, which the next value is written over or copied to.
Loop::Carry Planner::place_by_itself(Context& outer, Context& inner, const UnrollOperand& carry,
                                     bool overwritten) {
  const auto initial = place(outer, carry.outer);
  Loop::Carry placed;
  placed.place = placed.final = new_buffer(inner.tape.node(carry.inner).type, outer.level);
  placed.place.level = inner.level;  // another value at every step
  add_copy(initial, placed.place, outer.level, "state before the loop");
  if (overwritten)
    inner.standing.give_home(carry.next, placed.place);
  else
    placed.copied = carry.next != carry.inner;
  return placed;
}

void Planner::place_projections(Context& outer, Context& inner, Loop& loop) {
  MemoryReuse reuse(
      inner, loop, outer.level, plan_.buffers,  //
      [&](NodeId id) { return place(inner, id); },
      [&](const Place& sequence) { return is_last_use(outer, sequence); }, crowd_);
  const auto place_of = [&](NodeId projection, const Projection& of) -> Place {
    if (of.is(Projection::Kind::final)) return loop.carries[of.which].final;
    const bool is_sum = of.is(Projection::Kind::summed);
    const auto value = of.value(loop.body());
    auto& known = (is_sum ? loop.summed : loop.stacked)[value];
    if (known.known()) return known;
    if (const auto* home = outer.standing.home(projection))
      known = *home;
    else if (const auto taken = is_sum || !fuses_ ? std::nullopt : reuse.memory_for(value))
      known = *taken;
    else
      known = new_buffer(outer.tape.node(projection).type, outer.level);
    if (!is_sum) write_every_step(inner, loop, value, step_of(known, outer.level));
    return known;
  };
  for (auto projection : loop.live->projections) {
    const auto of = Projection::of(outer.tape.node(projection));
    const auto standing = outer.standing.put(projection, place_of(projection, of));
    const auto* home = outer.standing.home(projection);
    if (home && !standing.same_as(*home)) loop.after.push_back({projection, *home});
  }
}

/// Has a value of the steps written to a place that moves with them: where it is computed, or by a copy.
void Planner::write_every_step(Context& inner, Loop& loop, NodeId value, const Place& step) {
  const auto source = inner.source(value);
  const bool given = !inner.computed(source) && inner.operation(source).kind != Kind::projection;
  if (value == source && !given && !inner.standing.has_home(value))
    inner.standing.give_home(value, step);
  else
    (given ? loop.first_copies : loop.last_copies).push_back({value, step});
}

/// Whether nothing that stands in the place is read after the item that is being planned, or was there before
/// the loops around.
bool Planner::is_last_use(const Context& outer, const Place& place) {
  if (place.base != arena_base || place.cached || plan_.buffers[place.buffer].level != outer.level)
    return false;
  // A copy may serve whoever comes later.
  if (blocks_[outer.level]->version_buffers.count(place.buffer) || histories_.count(place.buffer))
    return false;
  const auto& there = outer.standing.in_buffer(place.buffer);
  if (!crowd_.is_too_large(there.size())) return nobody_reads_later(outer, place, &place);
  // Where very many stand side by side each is not compared with all others: once for the whole buffer.
  auto& [item, known] = last_uses_.emplace(place.buffer, std::make_pair(-1, false)).first->second;
  if (item != outer.item) {
    item = outer.item;
    known = nobody_reads_later(outer, place, nullptr);
  }
  return known;
}

/// Whether no value that stands in the buffer of `place`, or will, is read after this item; with `part`, none
/// that has a byte in common with that.
bool Planner::nobody_reads_later(const Context& outer, const Place& place, const Place* part) const {
  const auto unroll = outer.schedule.items[outer.item].nodes.front();
  const auto is_apart = [&](const Place& other) {
    return other.buffer != place.buffer || (part && disjoint(other, *part));
  };
  for (auto id : outer.standing.in_buffer(place.buffer)) {
    if (!outer.live.nodes[id]) continue;
    // What this unroll has put there already was found to fit.
    if (outer.operation(id).kind == Kind::projection && outer.tape.inputs(id)[0] == unroll) continue;
    const auto& standing = outer.standing[id];
    const auto* home = outer.standing.home(id);
    if (home && !standing.known() && !is_apart(*home)) return false;
    const auto source = outer.source(id);
    if (standing.known() && !is_apart(standing) &&
        (outer.wanted[source] || outer.last_reader[source] > outer.item))
      return false;
  }
  return true;
}

/// Decides which sums are made while the loop runs.
void Planner::place_sums(Context& outer, Context& inner, Loop& loop) {
  for (const auto& [value, sum] : loop.summed) {
    const auto bytes =
        static_cast<double>(inner.tape.node(value).type.bytes()) * static_cast<double>(loop.unroll.steps);
    const auto all =
        sums_after_loops_ && target_.adds_up_after_loop(bytes) && inner.computed(inner.source(value))
            ? all_steps_of(place(inner, value), outer.level, loop.unroll.steps)
            : std::nullopt;
    if (all && (all->buffer < 0 || plan_.buffers[static_cast<std::size_t>(all->buffer)].level <= outer.level))
      loop.kept[value] = *all;
    else
      place_sum(outer, loop, value, sum);
  }
}

/// The memory in which a value is added up over the steps.
void Planner::place_sum(Context& outer, Loop& loop, NodeId value, const Place& sum) {
  // Of few steps float32 is as exact, unless the loop around adds up what was rounded.
  constexpr std::int64_t few = 16;
  const bool is_short = loop.unroll.steps <= few && outer.level == 0;
  const auto& own = sum.layout.type;
  const auto type = is_short ? own : total_of(own);
  const auto& total = loop.totals[value] = type == own ? sum : new_buffer(type, outer.level);
  add_copy(filled(0, type), total, outer.level, "sum before the loop");
}

/// At the start of a step, while the carries are as they were.
void Planner::copy_given(Context& inner, Loop& loop) {
  for (const auto& [value, to] : loop.first_copies)
    add_copy(place(inner, value), to, inner.level, "value of every step");
  for (const auto& carry : loop.operands.carries()) {
    const auto next = carry.next;
    if (!loop.is_copied(carry) || loop.saved.count(next)) continue;
    const auto* given = loop.operands.find(inner.source(next));
    if (!given || !given->is_carry()) continue;
    const auto copy = new_buffer(inner.tape.node(next).type, inner.level);
    add_copy(place(inner, next), copy, inner.level, "state handed on");
    loop.saved[next] = copy;
  }
}

void Planner::end_step(Context& inner, Loop& loop) {
  for (const auto& [value, to] : loop.last_copies)
    add_copy(place(inner, value), to, inner.level, "value of every step");
  add_to_sums(inner, loop);
  for (const auto& carry : loop.operands.carries()) {
    if (!loop.is_copied(carry)) continue;
    const auto saved = loop.saved.find(carry.next);
    add_copy(saved != loop.saved.end() ? saved->second : place(inner, carry.next),
             loop.carries[carry.position].place, inner.level, "state handed on");
  }
}

}  // namespace reel::plan
