#include "plan/planner.h"

#include <algorithm>

// Maps and reductions that are computed in one pass.

namespace reel::plan {

namespace {

/// An element for each row of a space, as a layout over it that has extent 1 along its rows.
Place over_rows(Place place, const Shape& space) {
  const auto old = place.layout;
  const int last = space.rank() - 1;
  place.layout.type.shape = space.with_extent(last, 1);
  place.layout.strides.assign(space.rank(), 0);
  int from = 0;
  for (int axis = 0; axis < last; ++axis) {
    if (space[axis] == 1) continue;
    while (old.type.shape[from] == 1) ++from;
    place.layout.strides[axis] = old.strides[from++];
  }
  return place;
}

/// The values of a fusion by number: what it reads, then its members.
class FusionValues {
 public:
  FusionValues(const Tape& tape, const Schedule& schedule, const std::vector<NodeId>& members)
      : tape_(tape), schedule_(schedule), members_(members), computed_(members.size()) {}

  /// Whether a map of row values reads all its operands as row values.
  bool takes_rows(NodeId id) const { return spaces().role(id) == Role::map && spaces().is_per_row(id); }

  /// Numbers an operand that is computed elsewhere. Returns whether it is new.
  bool add_input(NodeId id, std::size_t k) {
    const bool added =
        inputs_.emplace(Key{tape_.inputs(id)[k], takes_rows(id)}, static_cast<int>(count_)).second;
    count_ += added;
    return added;
  }

  /// The number of operand `k`; adds the member that repeats row values where there is none yet.
  int operand(NodeId id, std::size_t k, std::vector<Member>& members) {
    const auto reading = schedule_.reading(id, k);
    if (reading == Reading::apart) return inputs_.at({tape_.inputs(id)[k], takes_rows(id)});
    const auto source = spaces().source(id, k);
    if (reading == Reading::same) return computed(source);
    const auto [known, is_new] = repeated_.emplace(source, 0);
    if (is_new) {
      members.push_back({nullptr, Member::Kind::repeat, {computed(source)}, tape_.node(source).type.element});
      known->second = static_cast<int>(count_++);
    }
    return known->second;
  }

  int add_member(NodeId id) { return computed(id) = static_cast<int>(count_++); }

 private:
  const Spaces& spaces() const { return schedule_.spaces; }
  int& computed(NodeId id) {
    const auto member = std::lower_bound(members_.begin(), members_.end(), id);
    return computed_[static_cast<std::size_t>(member - members_.begin())];
  }

  using Key = std::pair<NodeId, bool>;  // whether it is read as row values
  const Tape& tape_;
  const Schedule& schedule_;
  std::size_t count_ = 0;
  std::map<Key, int> inputs_;
  const std::vector<NodeId>& members_;        // in the order of the tape
  std::vector<int> computed_;                 // numbers of the members
  std::unordered_map<NodeId, int> repeated_;  // row values repeated along their rows
};

Member::Kind kind_of(Role role) {
  return role == Role::reduce  ? Member::Kind::rows
         : role == Role::total ? Member::Kind::columns
                               : Member::Kind::map;
}

Note note_of(const Tape& tape, const Item& item, const Shape& space) {
  Note note;
  for (auto id : item.nodes) {
    if (note.what.size() < 120) note.what += (note.what.empty() ? "" : " ") + tape.node(id).operation->name;
    if (note.origin.scope.empty()) note.origin.scope = tape.scope(id);
  }
  note.operands = to_string(TensorType{tape.node(item.nodes.front()).type.element, space});
  if (item.nodes.size() > 1) note.what = std::to_string(item.nodes.size()) + " in one pass: " + note.what;
  return note;
}

/// Whether each element stands by itself, and those of a row one behind the other.
bool has_rows_of_elements(const Layout& layout) {
  std::int64_t least = 1;
  for (int axis = layout.type.shape.rank() - 1; axis >= 0; --axis) {
    const auto extent = layout.type.shape[axis];
    if (extent == 1) continue;
    if (least == 1 ? layout.strides[axis] != 1 : layout.strides[axis] < least) return false;
    least = layout.strides[axis] * extent;
  }
  return true;
}

}  // namespace

void Planner::plan_fusion(Context& context, const Item& item) {
  const auto& tape = context.tape;
  const auto& schedule = context.schedule;
  const auto& spaces = schedule.spaces;
  const auto& space = spaces.space(item.nodes.front());
  const auto place_of = [&](const Place& standing, bool per_row) {
    return per_row ? over_rows(standing, space) : standing;
  };
  Fusion fusion;
  // Row values alone are the elements of a space of their own.
  fusion.space = item.is_of_rows ? space.with_extent(space.rank() - 1, 1) : space;
  fusion.members.reserve(item.nodes.size());
  FusionValues values(tape, schedule, item.nodes);
  std::vector<Place> inputs, outputs, totals;
  for (auto id : item.nodes)
    for (std::size_t k = 0; k < tape.inputs(id).size(); ++k)
      if (schedule.reading(id, k) == Reading::apart && values.add_input(id, k))
        inputs.push_back(place_of(place(context, tape.inputs(id)[k]), values.takes_rows(id)));
  auto read_last = inputs_read_last(context, inputs);
  std::vector<NodeId> columns;
  for (auto id : item.nodes) {
    const auto& node = tape.node(id);
    Member member{node.operation, kind_of(spaces.role(id)), {}, node.type.element};
    member.operands.reserve(tape.inputs(id).size());
    for (std::size_t k = 0; k < tape.inputs(id).size(); ++k)
      member.operands.push_back(values.operand(id, k, fusion.members));
    fusion.members.push_back(std::move(member));
    const auto number = values.add_member(id);
    if (spaces.role(id) == Role::total) {
      const auto bytes = target_.bytes_of_totals(*node.operation, tape.node(tape.inputs(id)[0]).type);
      columns.push_back(id);
      totals.push_back(new_buffer({ElementType::boolean, {bytes}}, context.level, schedule.cached[id]));
    } else if (context.escapes[id] || context.standing.has_home(id)) {
      fusion.outputs.push_back({number});
      outputs.push_back(place_of(put_output(context, id, read_last), spaces.is_per_row(id)));
    }
  }
  auto note = note_of(tape, item, fusion.space);
  add_fusion(std::move(fusion), inputs, outputs, totals, context.level, std::move(note));
  for (std::size_t i = 0; i < columns.size(); ++i) finish_columns(context, columns[i], totals[i]);
}

/// The operands of the fusion that is being planned which nobody reads after it, so that a value of the same
/// type may be written over one: nobody but the fusion itself, element by element, or row by row, and in no
/// other way.
Overwritable Planner::inputs_read_last(const Context& context, const std::vector<Place>& inputs) {
  Overwritable last;
  if (!fuses_) return last;
  std::unordered_map<std::int32_t, std::vector<const Place*>> in_buffer;
  for (const auto& input : inputs)
    if (input.base == arena_base) in_buffer[input.buffer].push_back(&input);
  for (const auto& input : inputs) {
    if (input.base != arena_base || !input.steps.empty() || !has_rows_of_elements(input.layout)) continue;
    if (crowd_.is_too_large(context.standing.in_buffer(input.buffer).size())) continue;
    const auto& others = in_buffer.at(input.buffer);
    const bool is_read_alike = std::all_of(others.begin(), others.end(), [&](const Place* other) {
      return other->same_as(input) || disjoint(*other, input);
    });
    // Copies of the old value would be taken for copies of the new one.
    const bool has_versions = blocks_[context.level]->versions.count(input.start()) != 0;
    if (is_read_alike && !has_versions && is_last_use(context, input)) last.add(input);
  }
  return last;
}

/// Where an output of a fusion stands: at home, over an operand, or in a buffer of its own.
const Place& Planner::put_output(Context& context, NodeId id, Overwritable& inputs_read_last) {
  if (context.standing.has_home(id) || context.schedule.cached[id]) return put_home_or_buffer(context, id);
  const auto taken = inputs_read_last.take(context.tape.node(id).type);
  return taken ? context.standing.put(id, *taken) : put_home_or_buffer(context, id);
}

/// From the totals that a fusion leaves of a reduction, its result.
void Planner::finish_columns(Context& context, NodeId id, const Place& totals) {
  const auto& node = context.tape.node(id);
  const auto home = put_home_or_buffer(context, id);
  const auto written =
      home.layout.is_contiguous() ? home : new_buffer(node.type, context.level, context.schedule.cached[id]);
  const auto& reduced = context.tape.node(context.tape.inputs(id)[0]).type;
  add_call(Work::Kind::finish,
           {node.operation, {{Layout::contiguous(reduced)}, written.layout, node.attributes}},
           {{totals, false}, {written, true}}, context.level, note_of(context.tape, id));
  if (!written.same_as(home)) add_copy(written, home, context.level, node.operation->name);
}

/// Among the plan's fusions. What is done for each of many parameters is there but once.
std::uint32_t Planner::number_of(Fusion fusion) {
  std::size_t hash = TypeHash()({ElementType::boolean, fusion.space});
  for (const auto& member : fusion.members)
    hash = hash * 1000003 + std::hash<const void*>()(member.operation) + member.operands.size();
  const auto [first, last] = fusions_.equal_range(hash);
  for (auto known = first; known != last; ++known)
    if (plan_.fusions[known->second] == fusion) return known->second;
  const auto number = static_cast<std::uint32_t>(plan_.fusions.size());
  fusions_.emplace(hash, number);
  plan_.fusions.push_back(std::move(fusion));
  return number;
}

void Planner::add_fusion(Fusion fusion, const std::vector<Place>& inputs, const std::vector<Place>& outputs,
                         const std::vector<Place>& totals, int level, Note note) {
  if (fusion.space.size() == 0) return;
  std::vector<Use> uses;
  uses.reserve(inputs.size() + outputs.size() + totals.size());
  std::vector<std::pair<Address::Start, int>> starting;  // inputs
  starting.reserve(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    uses.push_back({inputs[i], false});
    starting.emplace_back(inputs[i].start(), static_cast<int>(i));
  }
  std::sort(starting.begin(), starting.end());
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    uses.push_back({outputs[o], true});
    const auto start = outputs[o].start();
    auto found = std::lower_bound(starting.begin(), starting.end(), std::make_pair(start, 0));
    for (; found != starting.end() && !(start < found->first); ++found)
      if (inputs[found->second].same_as(outputs[o])) fusion.outputs[o].overwrites.push_back(found->second);
  }
  for (const auto& place : totals) uses.push_back({place, true});
  Work work{Work::Kind::fusion};
  work.index = number_of(std::move(fusion));
  add_line({work, std::move(note), std::move(uses)}, level);
}

}  // namespace reel::plan
