#pragma once
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include <reel/body.h>

#include "plan/plan.h"
#include "plan/schedule.h"
#include "plan/standing.h"
#include "record/unroll_operands.h"

// What is known while a plan is being made.

namespace reel::plan {

struct Use {
  Place place;
  bool writes;
};

struct Block;

/// Work whose memory has no address yet.
struct Line {
  Work work;
  Note note;
  std::vector<Use> uses;
  std::shared_ptr<Block> body = nullptr;  // of a loop
};

/// The lines of a program, or of the body of a loop.
struct Block {
  /// A copy or a prepared form of a value, made once.
  struct Version {
    Place of;
    const Operation* operation;  // whose prepared form it is; null for a contiguous copy
    Attributes attributes;
    std::vector<std::int64_t> result;  // strides of what the operation computes
    Place place;
  };
  std::vector<Line> lines;
  /// By where the values begin, and the buffers that they stand in.
  std::map<Address::Start, std::vector<Version>> versions;
  std::set<std::int32_t> version_buffers;
};

/// A tape that is being planned: the outermost, or the body of an unroll.
struct Context {
  Context(const Tape& tape, const Live& live, int level) : tape(tape), live(live), level(level) {}
  const Tape& tape;
  const Live& live;
  const int level;  // loops around it
  Schedule schedule;
  Standing standing;
  /// Read outside of the item that computes it.
  std::vector<bool> escapes;
  /// The last item that reads a value, other layouts of it included; -1 where none does.
  std::vector<std::int32_t> last_reader;
  /// The first one, or any number where none does.
  std::vector<std::int32_t> first_reader;
  /// Users see it as it is: no slice, no other layout.
  std::vector<bool> read_as_is;
  std::vector<bool> wanted;  // from outside
  /// By a sequence, a node that shifts it along the time axis.
  std::unordered_map<NodeId, NodeId> shifts;
  /// Items that were planned before their turn.
  std::set<std::int32_t> planned;
  std::int32_t item = 0;  // being planned

  bool computed(NodeId id) const { return schedule.item_of[id] >= 0; }
  const Operation& operation(NodeId id) const { return *tape.node(id).operation; }
  /// What has a place of its own, behind other layouts of it.
  NodeId source(NodeId id) const {
    while (operation(id).is_layout()) id = tape.inputs(id)[0];
    return id;
  }
};

/// An unroll that is being planned.
struct Loop {
  UnrollNode unroll;
  UnrollOperands operands;
  const Live::Loop* live = nullptr;

  struct Carry {
    Place place, final;
    bool copied = false;  // from next at the end of a step
  };
  std::vector<Carry> carries = {};
  std::map<NodeId, Place> stacked = {}, summed = {};  // body value, memory of the projection
  std::map<NodeId, Place> totals = {};                // of what is summed while the loop runs
  std::map<NodeId, Place> kept = {};                  // of what is summed after it: the values of all steps
  std::vector<std::pair<NodeId, Place>> first_copies = {}, last_copies = {};  // value, where it is wanted
  std::vector<std::pair<NodeId, Place>> after = {};  // projection, where it is wanted
  std::map<NodeId, Place> saved = {};                // values given at the start of a step, kept for its end

  const Body& body() const { return *unroll.body; }
  bool needs(const UnrollOperand& operand) const { return live->body.needs(operand); }
  bool is_copied(const UnrollOperand& carry) const { return carries[carry.position].copied; }
};

/// Buffer of a carry at every step, with a slot more for its initial value.
struct History {
  const Tape* tape;  // of the unroll
  NodeId initial;
  bool reverse;
  Place place;
  std::int64_t slots() const { return place.layout.type.shape[0]; }
  /// Slot t holds the state before step t where the unroll runs forwards, after it where it runs backwards.
  std::int64_t first_before() const { return reverse ? 1 : 0; }
  std::int64_t first_after() const { return reverse ? 0 : 1; }
  /// [T, ...]: the state before and after every step.
  Place before() const { return slice_of(place, 0, first_before(), first_before() + slots() - 1); }
  Place after() const { return slice_of(place, 0, first_after(), first_after() + slots() - 1); }
  Place slot(std::int64_t position) const {
    return with_shape(slice_of(place, 0, position, position + 1), place.layout.type.shape.without_axis(0));
  }
  /// Before the first step, and after the last.
  Place start() const { return slot(reverse ? slots() - 1 : 0); }
  Place end() const { return slot(reverse ? 0 : slots() - 1); }
};

}  // namespace reel::plan
