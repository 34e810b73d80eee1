#include "plan/planner.h"

#include <reel/structural.h>

#include <algorithm>
#include <cstdlib>

#include "record/index_maps.h"

// A value wanted of every step may stand in the memory of a sequence that is read for the last time: the
// gates over their sums, the gates' adjoints over the gates. This rests on two promises: a step reads its own
// slice alone, which is_last_use() and slot_of() see to; and a fusion reads an element, where it has row
// values the whole row, before it writes in its place, which every runner sees to (Fusion in plan.h).

namespace reel::plan {

namespace {

/// The bytes of its buffer that a place touches at step 0.
std::pair<std::int64_t, std::int64_t> bytes_of(const Address& place) {
  const auto [low, high] = place.reach();
  return {place.offset + low, place.offset + high};
}

/// Whether two places of one buffer, at the same step, have no byte in common. False where that is not plain.
bool disjoint(const Place& a, const Place& b) {
  const auto [low_a, high_a] = bytes_of(a);
  const auto [low_b, high_b] = bytes_of(b);
  if (high_a <= low_b || high_b <= low_a) return true;
  if (a.layout.type != b.layout.type || a.layout.strides != b.layout.strides) return false;
  // Columns of one matrix: rows of `width` bytes, one every `pitch`.
  const auto& shape = a.layout.type.shape;
  std::int64_t width = a.element_size(), pitch = 0;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    const auto stride = a.layout.strides[axis] * a.element_size();
    if (shape[axis] == 1) continue;
    if (pitch == 0 && stride == width)
      width *= shape[axis];
    else if (pitch == 0 && stride > width)
      pitch = stride;
    else if (pitch == 0 || stride % pitch != 0)
      return false;
  }
  if (pitch == 0) return false;
  const auto distance = std::abs(a.offset - b.offset) % pitch;
  return distance >= width && distance <= pitch - width;
}

/// The slot of a sequence in which all that a step reads lies, one after the other for the steps; -1 where
/// steps share memory or mix.
std::int64_t slot_of(const Place& place) {
  const auto& shape = place.layout.type.shape;
  if (place.steps.empty()) return -1;
  const auto pitch = std::abs(place.steps.back().bytes);
  const auto [low, high] = bytes_of(place);
  if (pitch == 0 || low < 0 || low / pitch != (high - 1) / pitch) return -1;
  // Every element by itself.
  std::vector<std::pair<std::int64_t, std::int64_t>> axes;
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (shape[axis] > 1) axes.push_back({std::abs(place.layout.strides[axis]), shape[axis]});
  std::sort(axes.begin(), axes.end());
  std::int64_t least = 1;
  for (const auto& [stride, extent] : axes) {
    if (stride < least) return -1;
    least = stride * extent;
  }
  return low / pitch;
}

/// All steps of what a step sees.
Place all_steps(const Place& step, std::int64_t steps, int level) {
  auto whole = step;
  const auto stride = whole.steps.back().bytes / whole.element_size();
  whole.steps.pop_back();
  whole.layout.type.shape = step.layout.type.shape.with_axis(0, steps);
  whole.layout.strides.insert(whole.layout.strides.begin(), stride);
  whole.level = level;
  return whole;
}

}  // namespace

/// Nothing that stands in the buffer is read after the item that is being planned, or was there before the
/// loops around.
bool Planner::is_last_use(const Context& outer, const Place& place) const {
  if (place.base != arena_base || place.cached || plan_.buffers[place.buffer].level != outer.level)
    return false;
  const auto unroll = outer.schedule.items[outer.item].nodes.front();
  // A copy may serve whoever comes later.
  for (const auto& version : blocks_[outer.level]->versions)
    if (version.place.buffer == place.buffer) return false;
  for (const auto& history : histories_)
    if (history.place.buffer == place.buffer) return false;
  for (NodeId id = 0; id < outer.tape.size(); ++id) {
    if (!outer.live.nodes[id]) continue;
    const auto source = outer.source(id);
    // What this unroll has put there already was found to fit.
    if (outer.operation(id).kind == Kind::projection && outer.tape.inputs(id)[0] == unroll) continue;
    const auto home = outer.homes.find(id);
    const auto& standing = outer.places[id];
    if (home != outer.homes.end() && home->second.buffer == place.buffer && !standing.known()) return false;
    if (standing.known() && standing.buffer == place.buffer &&
        (outer.wanted[source] || outer.last_reader[source] > outer.item))
      return false;
  }
  return true;
}

/// Whether item `writer` may write over a part of a sequence: others have read it before, and it reads it
/// itself, if at all, element by element.
bool Planner::may_take_over(Context& inner, const Place& part, std::int32_t writer) {
  if (writer < 0 || !inner.schedule.items[writer].is_fusion) return false;
  for (const auto& other : inner.taken)
    if (other.buffer == part.buffer && !disjoint(other, part)) return false;
  if (slot_of(part) < 0) return false;
  // What is handed on or summed is read at the end of the step.
  for (NodeId id = 0; id < inner.tape.size(); ++id)
    if (inner.wanted[id] && !inner.computed(id) && inner.places[id].known() &&
        inner.places[id].buffer == part.buffer)
      return false;
  for (NodeId id = 0; id < inner.tape.size(); ++id) {
    const auto item = inner.schedule.item_of[id];
    if (!inner.live.nodes[id] || item < 0) continue;
    for (auto input : inner.tape.inputs(id)) {
      const auto source = inner.source(input);
      if (!inner.places[source].known() || inner.places[source].buffer != part.buffer) continue;
      const auto& read = place(inner, input);
      if (read.buffer != part.buffer) continue;
      const bool same_slot = read.steps.size() == part.steps.size() &&
                             read.steps.back().bytes == part.steps.back().bytes &&
                             slot_of(read) == slot_of(part);
      if (same_slot && disjoint(read, part)) continue;
      if (!same_slot || item > writer || (item == writer && !read.same_as(part))) return false;
    }
  }
  return true;
}

/// The memory of all steps of `value`, taken over from a sequence that the fusions which compute it read.
std::optional<Place> Planner::memory_to_take_over(Context& outer, Context& inner, const Loop& loop,
                                                  NodeId value) {
  const auto& tape = inner.tape;
  if (!fuses_ || inner.homes.count(value) || !inner.computed(value)) return std::nullopt;
  // The value itself, or the parts it is joined from: each with its position along the axis.
  const auto& node = tape.node(value);
  const bool is_concat = node.operation == &concat_operation();
  const auto joined = is_concat ? Concat::of(tape, value) : Concat{0, {{value, 0, 0}}};
  const auto& parts = joined.parts;
  const int axis = joined.axis;
  for (const auto& part : parts)
    if (!inner.computed(part.id) || inner.homes.count(part.id)) return std::nullopt;
  const auto sequences = loop.operands.sequences();
  const auto is = [](NodeId id) {
    return [id](const UnrollOperand& operand) { return operand.inner == id; };
  };
  const auto writer = inner.schedule.item_of[parts.front().id];
  if (!inner.schedule.items[writer].is_fusion) return std::nullopt;
  for (auto member : inner.schedule.items[writer].nodes)
    for (auto input : tape.inputs(member)) {
      const auto source = inner.source(input);
      if (!std::any_of(sequences.begin(), sequences.end(), is(source))) continue;
      const auto& read = place(inner, input);
      if (read.buffer < 0 || read.buffer != inner.places[source].buffer || read.steps.empty()) continue;
      if (inner.invariant_buffers.count(read.buffer)) continue;
      const auto [known, is_new] = inner.is_read_last.emplace(read.buffer, false);
      if (is_new) known->second = is_last_use(outer, read);
      if (!known->second) continue;
      for (const auto& first : parts) {
        if (tape.node(first.id).type != read.layout.type) continue;
        // The whole of which `read` would be this part.
        auto whole = read;
        whole.layout.type = node.type;
        if (parts.size() > 1) whole.offset -= first.start * read.layout.strides[axis] * read.element_size();
        const auto [low, high] = bytes_of(all_steps(whole, loop.unroll.steps, outer.level));
        if (low < 0 || high > static_cast<std::int64_t>(plan_.buffers[read.buffer].bytes)) continue;
        const bool fits = std::all_of(parts.begin(), parts.end(), [&](const Concat::Part& part) {
          const auto memory = parts.size() > 1 ? slice_of(whole, axis, part.start, part.stop) : whole;
          return may_take_over(inner, memory, inner.schedule.item_of[part.id]);
        });
        if (!fits) continue;
        inner.taken.push_back(whole);
        return all_steps(whole, loop.unroll.steps, outer.level);
      }
    }
  return std::nullopt;
}

}  // namespace reel::plan
