#include <map>

#include "run/cpu/lowering.h"

// Maps and reductions that are computed in one pass.

namespace reel::cpu {

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

}  // namespace

void Lowering::lower_cluster(Context& context, const Item& item) {
  const auto& tape = context.tape;
  const auto& schedule = context.schedule;
  const auto& spaces = schedule.spaces;
  const auto first = item.nodes.front();
  // Row values alone are the elements of a space of their own.
  const auto& space = spaces.space(first);
  const auto shape = item.is_of_rows ? space.with_extent(space.rank() - 1, 1) : space;
  const auto takes_rows = [&](NodeId id) { return spaces.role(id) == Role::map && spaces.is_per_row(id); };
  const auto place_of = [&](const Place& standing, bool per_row) {
    return per_row ? over_rows(standing, space) : standing;
  };
  using Key = std::pair<NodeId, bool>;  // whether it is read as row values
  std::map<Key, int> inputs_known;
  std::vector<Place> inputs;
  for (auto id : item.nodes)
    for (std::size_t k = 0; k < tape.inputs(id).size(); ++k) {
      const auto input = tape.inputs(id)[k];
      if (schedule.reading(id, k) != Reading::apart) continue;
      if (inputs_known.emplace(Key{input, takes_rows(id)}, static_cast<int>(inputs.size())).second)
        inputs.push_back(place_of(place(context, input), takes_rows(id)));
    }
  std::vector<Cluster::Step> steps;
  std::unordered_map<NodeId, int> computed, repeated;  // row values repeated along their rows
  steps.reserve(item.nodes.size());
  computed.reserve(item.nodes.size());
  const auto add_step = [&](Cluster::Step step) {
    steps.push_back(std::move(step));
    return static_cast<int>(inputs.size() + steps.size()) - 1;
  };
  const auto operand = [&](NodeId id, std::size_t k) {
    const auto reading = schedule.reading(id, k);
    if (reading == Reading::apart) return inputs_known.at({tape.inputs(id)[k], takes_rows(id)});
    const auto source = spaces.source(id, k);
    if (reading == Reading::same) return computed.at(source);
    const auto [known, is_new] = repeated.emplace(source, 0);
    if (is_new) known->second = add_step({{computed.at(source)}, tape.node(source).type.element});
    return known->second;
  };
  std::vector<std::pair<int, Place>> outputs;
  struct Total {
    NodeId id;
    std::int64_t blocks;
    ColumnLoops loops;
  };
  std::vector<Total> totals;
  std::vector<Place> places_of_totals;
  Note note;
  for (auto id : item.nodes) {
    const auto& node = tape.node(id);
    Cluster::Step step{{}, node.type.element};
    std::vector<ElementType> types;
    for (std::size_t k = 0; k < tape.inputs(id).size(); ++k) {
      step.operands.push_back(operand(id, k));
      types.push_back(tape.node(tape.inputs(id)[k]).type.element);
    }
    const auto& kernels = node.operation->kernels.cpu;
    if (spaces.role(id) == Role::reduce)
      step.rows = kernels.rows(types[0]);
    else if (spaces.role(id) == Role::total)
      step.columns = std::make_shared<const ColumnLoops>(kernels.columns(types[0]));
    else
      step.map = kernels.map(types, node.type.element);
    const auto columns = step.columns;
    computed[id] = add_step(std::move(step));
    if (columns) {
      const auto blocks = block_count(shape.size() / node.type.shape.size());
      const auto bytes = blocks * node.type.shape.size() * columns->total_bytes;
      totals.push_back({id, blocks, *columns});
      places_of_totals.push_back(
          new_buffer({ElementType::boolean, {bytes}}, context.level, schedule.kept[id]));
    } else if (context.escapes[id] || context.homes.count(id)) {
      context.places[id] = home_or_buffer(context, id);
      outputs.push_back({computed[id], place_of(context.places[id], spaces.is_per_row(id))});
    }
    if (note.what.size() < 120) note.what += (note.what.empty() ? "" : " ") + node.operation->name;
    if (note.origin.scope.empty()) note.origin.scope = tape.scope(id);
  }
  note.operands = to_string(TensorType{tape.node(first).type.element, shape});
  if (item.nodes.size() > 1) note.what = std::to_string(item.nodes.size()) + " in one pass: " + note.what;
  add_cluster(shape, inputs, steps, outputs, context.level, std::move(note), places_of_totals);
  for (std::size_t i = 0; i < totals.size(); ++i) {
    const auto& [id, blocks, loops] = totals[i];
    const auto& type = tape.node(id).type;
    const auto home = context.places[id] = home_or_buffer(context, id);
    const auto target =
        home.layout.is_contiguous() ? home : new_buffer(type, context.level, schedule.kept[id]);
    add_kernel(finish_columns(loops, blocks, type.shape.size()),
               {{places_of_totals[i], false}, {target, true}}, context.level, note_of(tape, id));
    if (!target.same_as(home)) add_copy(target, home, context.level, tape.node(id).operation->name);
  }
}

}  // namespace reel::cpu
