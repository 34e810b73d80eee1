#include "plan/planner.h"

#include <reel/structural.h>

#include <algorithm>
#include <limits>

#include "plan/lifetimes.h"
#include "record/index_maps.h"

// The items of a tape in their order.

namespace reel::plan {

namespace {

/// The parts that a concat joins, and what a pad puts zeros before and after; none of any other node.
std::optional<Concat> parts_of(const Tape& tape, NodeId id) {
  const auto& node = tape.node(id);
  if (node.operation == &concat_operation()) return Concat::of(tape, id);
  if (node.operation != &pad_operation()) return std::nullopt;
  const auto pad = Pad::of(node);
  if (pad.is_spread()) return std::nullopt;
  return Concat{pad.axis, {{tape.inputs(id)[0], pad.before, pad.end(node.type.shape)}}};
}

}  // namespace

Note note_of(const Tape& tape, NodeId id) {
  Note note{tape.node(id).operation->name, tape.origin(id), ""};
  for (auto input : tape.inputs(id)) {
    note.operands += (note.operands.empty() ? "" : ", ") + to_string(tape.node(input).type);
    if (!tape.label(input).empty()) note.operands += " (" + tape.label(input) + ")";
  }
  return note;
}

Plan make_plan(const Tape& tape, const std::vector<NodeId>& outputs, const Target& target,
               const CompileOptions& options) {
  return Planner(tape, outputs, target, options).run();
}

Plan Planner::run() {
  plan_.fuses = fuses_;
  plan_.bases.push_back({Base::Kind::arena, 0, nullptr, nullptr});
  plan_.arguments = arguments_of(tape_);
  const auto live = passes::find_live(tape_, outputs_);
  Block block;
  blocks_.push_back(&block);
  Context context(tape_, live, 0);
  prepare_context(context, outputs_);
  give_results_homes(context);
  give_parts_homes(context);
  plan_items(context);
  plan_updates(context);
  for (std::size_t i = 0; i < outputs_.size(); ++i)
    if (!plan_.outputs[i].is_written)
      read_at_end_.push_back({place(context, outputs_[i]), &plan_.outputs[i].from});
  set_addresses(plan_, flattened(std::move(block)), read_at_end_);
  return std::move(plan_);
}

void Planner::prepare_context(Context& context, const std::vector<NodeId>& wanted) {
  const auto& tape = context.tape;
  context.schedule = make_schedule(tape, context.live, wanted, target_, fuses_, context.level == 0);
  context.standing.resize(tape.size());
  context.escapes.assign(tape.size(), false);
  context.last_reader.assign(tape.size(), -1);
  context.first_reader.assign(tape.size(), std::numeric_limits<std::int32_t>::max());
  context.read_as_is.assign(tape.size(), true);
  context.wanted.assign(tape.size(), false);
  const auto& item_of = context.schedule.item_of;
  for (auto id : wanted) {
    const auto source = context.source(id);
    context.wanted[source] = context.escapes[id] = context.escapes[source] = true;
  }
  for (NodeId id = 0; id < tape.size(); ++id) {
    const auto& operation = context.operation(id);
    if (!context.live.nodes[id] || context.schedule.spaces.role(id) == Role::view) continue;
    const auto inputs = tape.inputs(id);
    if (&operation == &shift_operation() && Shift::of(tape.node(id)).axis == 0)
      context.shifts[inputs[1]] = id;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      const auto source = context.source(inputs[k]);
      if (context.schedule.reading(id, k) == Reading::apart) context.escapes[source] = true;
      if (operation.kind == Kind::update) context.wanted[source] = true;  // read at the end
      if (source != inputs[k]) context.read_as_is[source] = false;
      context.first_reader[source] = std::min(context.first_reader[source], item_of[id]);
      context.last_reader[source] = std::max(context.last_reader[source], item_of[id]);
    }
  }
}

/// Results are written into the caller's arrays where they are computed and not only looked at.
void Planner::give_results_homes(Context& context) {
  plan_.outputs.resize(outputs_.size());
  std::set<NodeId> given;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const auto id = outputs_[i];
    auto& output = plan_.outputs[i];
    output.type = tape_.node(id).type;
    const auto& operation = *tape_.node(id).operation;
    const bool projected = &operation == &stacked_operation() || &operation == &summed_operation();
    const bool direct = (context.computed(id) || projected) && !context.schedule.cached[id] &&
                        output.type.shape.size() > 0 && given.insert(id).second;
    if (!direct) continue;
    const auto home = external({Base::Kind::result, i, nullptr, nullptr}, output.type);
    context.standing.give_home(id, home);
    output.is_written = true;
  }
}

/// The parts of a concat are computed in their places. From last to first: a concat may be part of another.
void Planner::give_parts_homes(Context& context) {
  const auto& cached = context.schedule.cached;
  for (NodeId id = context.tape.size() - 1; id >= 0; --id) {
    if (!context.live.nodes[id]) continue;
    const auto joined = parts_of(context.tape, id);
    if (!joined) continue;
    if (!context.standing.has_home(id))
      context.standing.give_home(id, new_buffer(context.tape.node(id).type, context.level, cached[id]));
    const auto home = *context.standing.home(id);
    for (const auto& [part, start, stop] : joined->parts) {
      const auto& operation = context.operation(part);
      const bool projected = &operation == &stacked_operation();
      const bool can_move = (context.computed(part) && operation.has_value()) || projected;
      if (can_move && !context.standing.has_home(part) && cached[part] == cached[id])
        context.standing.give_home(part, slice_of(home, joined->axis, start, stop));
    }
  }
}

void Planner::plan_items(Context& context) {
  for (const auto& item : context.schedule.items) {
    context.item = static_cast<std::int32_t>(&item - context.schedule.items.data());
    const auto id = item.nodes.front();
    const auto& operation = context.operation(id);
    if (context.planned.count(context.item)) continue;
    if (item.is_fusion)
      plan_fusion(context, item);
    else if (operation.kind == Kind::unroll)
      plan_unroll(context, id);
    else if (operation.kind == Kind::update)
      updates_.push_back(id);
    else if (&operation == &concat_operation())
      plan_concat(context, id);
    else if (&operation == &pad_operation())
      plan_pad(context, id);
    else if (&operation == &shift_operation())
      plan_shift(context, id);
    else if (&operation == &linear_scan_operation())
      plan_scan(context, id);
    else
      plan_kernel(context, id);
  }
}

/// A scan of which it is also read what each step got: both stand in one buffer, one step apart.
void Planner::plan_scan(Context& context, NodeId id) {
  const auto& node = context.tape.node(id);
  const auto inputs = context.tape.inputs(id);
  const auto scan = LinearScan::of(node.attributes);
  const auto shifted = context.shifts.find(id);
  if (shifted != context.shifts.end() && inputs.size() == 3 && scan.axis == 0 && !scan.after &&
      Shift::of(context.tape.node(shifted->second)).reverse == scan.reverse &&
      context.tape.inputs(shifted->second)[0] == inputs[2] && !context.standing.has_home(id) &&
      !context.schedule.cached[id]) {
    const auto& history = new_history(context, inputs[2], node.type.shape[0], scan.reverse);
    context.standing.give_home(id, history.after());
  }
  plan_kernel(context, id);
}

void Planner::plan_concat(Context& context, NodeId id) {
  const auto home = put_home_or_buffer(context, id);
  const auto joined = Concat::of(context.tape, id);
  for (const auto& [part, start, stop] : joined.parts) {
    const auto to = slice_of(home, joined.axis, start, stop);
    if (stop > start && !place(context, part).same_as(to))
      add_copy(place(context, part), to, context.level, context.operation(id).name);
  }
}

void Planner::plan_pad(Context& context, NodeId id) {
  const auto& node = context.tape.node(id);
  const auto& name = node.operation->name;
  const auto home = put_home_or_buffer(context, id);
  const auto operand = context.tape.inputs(id)[0];
  const auto pad = Pad::of(node);
  const auto end = pad.end(node.type.shape);
  const auto zero = [&](const Place& to) {
    if (to.layout.type.shape.size() > 0)
      add_copy(filled(0, to.layout.type), to, context.level, name + " zeros");
  };
  auto inside = slice_of(home, pad.axis, pad.before, end);
  if (pad.is_spread()) {
    zero(home);
    inside.layout.type.shape = context.tape.node(operand).type.shape;
    inside.layout.strides[pad.axis] *= pad.between + 1;
  } else {
    zero(slice_of(home, pad.axis, 0, pad.before));
    zero(slice_of(home, pad.axis, end, node.type.shape[pad.axis]));
  }
  if (!place(context, operand).same_as(inside))
    add_copy(place(context, operand), inside, context.level, name);
}

/// A sequence one step later, or earlier. That of a carry, from its initial value, stands in the carry's
/// buffer already.
void Planner::plan_shift(Context& context, NodeId id) {
  const auto& node = context.tape.node(id);
  const auto inputs = context.tape.inputs(id);
  const auto first = inputs[0];
  const auto sequence = place(context, inputs[1]);
  const auto [axis, reverse] = Shift::of(node);
  const auto steps = node.type.shape[axis];
  if (const auto found = histories_.find(sequence.buffer); found != histories_.end()) {
    const auto& history = found->second;
    const bool same = axis == 0 && reverse == history.reverse && history.tape == &context.tape &&
                      history.initial == first && history.slots() == steps + 1 &&
                      history.after().same_as(sequence);
    if (same && !context.standing.has_home(id)) {
      context.standing.put(id, history.before());
      return;
    }
  }
  const auto home = put_home_or_buffer(context, id);
  if (steps == 0) return;
  const auto start = reverse ? steps - 1 : 0;
  const auto& first_place = place(context, first);
  const auto slot = with_shape(slice_of(home, axis, start, start + 1), first_place.layout.type.shape);
  add_copy(first_place, slot, context.level, "shift");
  const auto to = reverse ? slice_of(home, axis, 0, steps - 1) : slice_of(home, axis, 1, steps);
  const auto from = reverse ? slice_of(sequence, axis, 1, steps) : slice_of(sequence, axis, 0, steps - 1);
  add_copy(from, to, context.level, "shift");
}

/// Updates read everything before they write: a value that stands outside, perhaps in a variable, is copied
/// first.
void Planner::plan_updates(Context& context) {
  plan_.updates.reserve(updates_.size());
  for (auto id : updates_) {
    const auto& variable = tape_.node(id).attributes.get<std::shared_ptr<Variable>>("variable");
    auto value = place(context, tape_.inputs(id)[0]);
    const auto kind = plan_.bases[value.base].kind;
    if (kind != Base::Kind::arena && kind != Base::Kind::result) {
      const auto copy = new_buffer(value.layout.type, 0);
      add_copy(value, copy, 0, "update");
      value = copy;
    }
    plan_.updates.push_back({variable, {}});
    read_at_end_.push_back({value, &plan_.updates.back().value});
  }
}

}  // namespace reel::plan
