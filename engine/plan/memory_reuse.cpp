#include "plan/memory_reuse.h"

#include <reel/structural.h>

#include <algorithm>
#include <cstdlib>

#include "record/index_maps.h"

// A value wanted of every step may stand in the memory of a sequence that is read for the last time: the
// gates over their sums, the gates' adjoints over the gates. This rests on two promises: a step reads its own
// slice alone, which `is_read_last` and slot_of() see to; and a fusion reads an element, where it has row
// values the whole row, before it writes in its place, which every runner sees to (Fusion in plan.h).

namespace reel::plan {

namespace {

/// The bytes of its buffer that a place touches at step 0.
std::pair<std::int64_t, std::int64_t> bytes_of(const Address& place) {
  const auto [low, high] = place.reach();
  return {place.offset + low, place.offset + high};
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

}  // namespace

MemoryReuse::MemoryReuse(const Context& inner, const Loop& loop, int level,
                         const std::vector<Buffer>& buffers, PlaceOf place_of, IsReadLast is_read_last,
                         Crowd& crowd)
    : inner_(inner),
      loop_(loop),
      level_(level),
      buffers_(buffers),
      place_of_(std::move(place_of)),
      is_read_last_(std::move(is_read_last)),
      crowd_(crowd) {}

/// Looks through the step once.
void MemoryReuse::find_reads() {
  has_looked_ = true;
  const auto& tape = inner_.tape;
  for (const auto& operand : loop_.operands.invariants())
    if (loop_.needs(operand)) invariant_buffers_.insert(inner_.standing[operand.inner].buffer);
  for (NodeId id = 0; id < tape.size(); ++id) {
    const auto item = inner_.schedule.item_of[id];
    if (!inner_.live.nodes[id] || item < 0) continue;
    for (auto input : tape.inputs(id)) {
      const auto source = inner_.source(input);
      const auto& place = inner_.standing[source];
      if (!place.known() || place.buffer < 0) continue;
      reads_[place.buffer].push_back({item, input});
      const auto* operand = loop_.operands.find(source);
      auto& candidates = candidates_[item];
      if (operand && operand->is_sequence() && !crowd_.is_too_large(candidates.size() + 1))
        candidates.push_back(input);
    }
  }
}

/// Whether item `writer` may write over a part of a sequence: others have read it before, and it reads it
/// itself, if at all, element by element.
bool MemoryReuse::may_write(const Place& part, std::int32_t writer) {
  if (writer < 0 || !inner_.schedule.items[writer].is_fusion || slot_of(part) < 0) return false;
  const auto& taken = taken_[part.buffer];
  const auto& standing = inner_.standing.in_buffer(part.buffer);
  const auto& reads = reads_[part.buffer];
  if (crowd_.is_too_large(std::max({taken.size(), standing.size(), reads.size()}))) return false;
  for (const auto& other : taken)
    if (!disjoint(other, part)) return false;
  // What is handed on or summed is read at the end of the step.
  for (auto id : standing)
    if (inner_.wanted[id] && !inner_.computed(id) && inner_.standing[id].buffer == part.buffer) return false;
  for (const auto& [item, input] : reads) {
    const auto read = place_of_(input);
    if (read.buffer != part.buffer) continue;
    const bool same_slot = read.steps.size() == part.steps.size() &&
                           read.steps.back().bytes == part.steps.back().bytes &&
                           slot_of(read) == slot_of(part);
    if (same_slot && disjoint(read, part)) continue;
    if (!same_slot || item > writer || (item == writer && !read.same_as(part))) return false;
  }
  return true;
}

/// The memory of all steps of `parts`, where the first or another of them may stand in that of `sequence`.
std::optional<Place> MemoryReuse::memory_behind(const Place& sequence, const TensorType& type,
                                                const Concat& joined) {
  const auto& parts = joined.parts;
  for (const auto& first : parts) {
    if (inner_.tape.node(first.id).type != sequence.layout.type) continue;
    // The whole of which `sequence` would be this part.
    auto whole = sequence;
    whole.layout.type = type;
    if (parts.size() > 1)
      whole.offset -= first.start * sequence.layout.strides[joined.axis] * sequence.element_size();
    const auto all = all_steps_of(whole, level_, loop_.unroll.steps);
    if (!all) continue;
    const auto [low, high] = bytes_of(*all);
    if (low < 0 || high > static_cast<std::int64_t>(buffers_[sequence.buffer].bytes)) continue;
    if (!is_read_last_(*all)) continue;
    const bool fits = std::all_of(parts.begin(), parts.end(), [&](const Concat::Part& part) {
      const auto memory = parts.size() > 1 ? slice_of(whole, joined.axis, part.start, part.stop) : whole;
      return may_write(memory, inner_.schedule.item_of[part.id]);
    });
    if (!fits) continue;
    taken_[whole.buffer].push_back(whole);
    return all;
  }
  return std::nullopt;
}

std::optional<Place> MemoryReuse::memory_for(NodeId value) {
  if (inner_.standing.has_home(value) || !inner_.computed(value)) return std::nullopt;
  // The value itself, or the parts it is joined from: each with its position along the axis.
  const auto& node = inner_.tape.node(value);
  const bool is_concat = node.operation == &concat_operation();
  const auto joined = is_concat ? Concat::of(inner_.tape, value) : Concat{0, {{value, 0, 0}}};
  if (crowd_.is_too_large(joined.parts.size())) return std::nullopt;
  for (const auto& part : joined.parts)
    if (!inner_.computed(part.id) || inner_.standing.has_home(part.id)) return std::nullopt;
  const auto writer = inner_.schedule.item_of[joined.parts.front().id];
  if (!inner_.schedule.items[writer].is_fusion) return std::nullopt;
  if (!has_looked_) find_reads();
  auto& candidates = candidates_[writer];
  for (auto candidate = candidates.begin(); candidate != candidates.end();) {
    const auto sequence = place_of_(*candidate);
    const bool is_candidate = sequence.buffer >= 0 &&
                              sequence.buffer == inner_.standing[inner_.source(*candidate)].buffer &&
                              !sequence.steps.empty() && !invariant_buffers_.count(sequence.buffer);
    const auto all = is_candidate ? memory_behind(sequence, node.type, joined) : std::nullopt;
    // What is taken, or will never do, is not looked at again.
    if (all || !is_candidate || (!is_concat && node.type == sequence.layout.type))
      candidate = candidates.erase(candidate);
    else
      ++candidate;
    if (all) return all;
  }
  return std::nullopt;
}

}  // namespace reel::plan
