#include "plan/planner.h"

#include <reel/structural.h>

#include <cstring>

// Where values stand, and the copies that move them.

namespace reel::plan {

const Place& Planner::place(Context& context, NodeId id) {
  auto& standing = context.standing;
  if (standing[id].known()) return standing[id];
  const auto& node = context.tape.node(id);
  if (!node.operation->is_layout()) {
    const auto leaf = leaf_place(context, id);
    if (!leaf.known()) throw InternalError("[" + node.operation->name + "] is used and was never computed");
    return standing.put(id, leaf);
  }
  // Iterative: a chain of layouts may be long.
  std::vector<NodeId> chain{id};
  while (!standing[chain.back()].known() && context.operation(chain.back()).is_layout())
    chain.push_back(context.tape.inputs(chain.back())[0]);
  Place from = place(context, chain.back());
  for (chain.pop_back(); !chain.empty(); chain.pop_back()) {
    const auto& view = context.tape.node(chain.back());
    auto found = make_view(*view.operation, view.attributes, view.type, from);
    if (!found) found = make_view(*view.operation, view.attributes, view.type, contiguous(from));
    from = standing.put(chain.back(), *found);
  }
  return standing[id];
}

Place Planner::external(Base base, const TensorType& type) {
  Place place;
  place.base = static_cast<int>(plan_.bases.size());
  place.layout = Layout::contiguous(type);
  plan_.bases.push_back(std::move(base));
  return place;
}

Place Planner::filled(double value, const TensorType& type) {
  Place place;
  std::uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const auto [entry, added] = uniform_bases_.emplace(std::make_pair(bits, static_cast<int>(type.element)),
                                                     static_cast<int>(plan_.bases.size()));
  if (added) {
    const auto scalar = std::make_shared<const Array>(Array(value).cast(type.element));
    plan_.bases.push_back({Base::Kind::constant, 0, nullptr, scalar});
  }
  place.base = entry->second;
  place.layout = {type, std::vector<std::int64_t>(type.shape.rank(), 0)};
  place.cached = true;
  return place;
}

/// Memory that a leaf stands in already.
Place Planner::leaf_place(Context& context, NodeId id) {
  using BaseKind = Base::Kind;
  const auto& node = context.tape.node(id);
  if (node.operation == &fill_operation()) return filled(node.attributes.real("value"), node.type);
  if (node.operation == &argument_operation()) {
    if (context.level > 0) return {};
    return external({BaseKind::argument, context.tape.argument_number(id), nullptr, nullptr}, node.type);
  }
  if (node.operation == &parameter_operation()) {
    const auto& variable = node.attributes.get<std::shared_ptr<Variable>>("variable");
    const auto kind = variable->counts_runs() ? BaseKind::run_number : BaseKind::variable;
    auto place = external({kind, 0, variable, nullptr}, node.type);
    place.cached = context.schedule.cached[id];
    if (place.cached) plan_.parameters.push_back(variable);
    return place;
  }
  if (node.operation == &constant_operation()) {
    auto place =
        external({BaseKind::constant, 0, nullptr, node.attributes.get<std::shared_ptr<const Array>>("data")},
                 node.type);
    place.cached = true;
    return place;
  }
  return {};
}

const Place& Planner::put_home_or_buffer(Context& context, NodeId id) {
  const auto* home = context.standing.home(id);
  return context.standing.put(
      id, home ? *home : new_buffer(context.tape.node(id).type, context.level, context.schedule.cached[id]));
}

Place Planner::new_buffer(const TensorType& type, int level, bool cached) {
  Place place;
  place.base = arena_base;
  place.buffer = static_cast<std::int32_t>(plan_.buffers.size());
  place.layout = Layout::contiguous(type);
  place.level = level;
  place.cached = cached;
  plan_.buffers.push_back({type.bytes(), INT64_MAX, -1, level, cached});
  return place;
}

/// The same value in row-major order, copied once where it was computed unless it is so already.
Place Planner::contiguous(const Place& place) {
  if (place.layout.is_contiguous()) return place;
  for (const auto& version : blocks_[place.level]->versions[place.start()])
    if (!version.operation && version.of.same_as(place)) return version.place;
  const auto copy = new_buffer(place.layout.type, place.level, place.cached && place.level == 0);
  add_copy(place, copy, place.level, "copy");
  add_version({place, nullptr, {}, {}, copy});
  return copy;
}

void Planner::add_version(Block::Version version) {
  auto& block = *blocks_[version.of.level];
  block.version_buffers.insert(version.place.buffer);
  block.versions[version.of.start()].push_back(std::move(version));
}

void Planner::add_copy(const Place& from, const Place& to, int level, const std::string& what) {
  if (from.layout.type.shape.size() == 0) return;
  Note note;
  note.what = "copy (" + what + ")";
  note.operands = to_string(from.layout.type);
  add_line({{Work::Kind::copy}, std::move(note), {{from, false}, {to, true}}}, level);
}

void Planner::add_line(Line line, int level) { blocks_[level]->lines.push_back(std::move(line)); }

}  // namespace reel::plan
