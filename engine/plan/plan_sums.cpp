#include <reel/structural.h>

#include "plan/planner.h"
#include "record/projection.h"

// Sums over the steps of a loop.

namespace reel::plan {

/// Those of one shape in one pass, where the device has one that adds to their totals.
void Planner::add_to_sums(Context& inner, const Loop& loop) {
  std::map<std::vector<std::int64_t>, std::vector<NodeId>> by_type;
  for (const auto& [value, total] : loop.totals) {
    const auto& type = inner.tape.node(value).type;
    auto key = type.shape.extents();
    key.push_back(static_cast<std::int64_t>(type.element));
    by_type[key].push_back(value);
  }
  for (const auto& [key, values] : by_type) {
    const auto element = inner.tape.node(values.front()).type.element;
    const auto total = loop.totals.at(values.front()).layout.type.element;
    if (target_.fuses_map(add_operation(), {total, element}, total))
      add_in_one_pass(inner, loop, values);
    else
      for (auto value : values) add_by_kernels(inner, loop, value);
  }
}

void Planner::add_in_one_pass(Context& inner, const Loop& loop, const std::vector<NodeId>& values) {
  const auto& type = inner.tape.node(values.front()).type;
  Fusion fusion{type.shape, {}, {}};
  std::vector<Place> inputs, outputs;
  const int input_count = 2 * static_cast<int>(values.size());
  for (auto value : values) {
    const int first = static_cast<int>(inputs.size());
    const auto& total = loop.totals.at(value);
    inputs.push_back(total);
    inputs.push_back(place(inner, value));
    outputs.push_back(total);
    fusion.outputs.push_back({input_count + static_cast<int>(fusion.members.size())});
    fusion.members.push_back(
        {&add_operation(), Member::Kind::map, {first, first + 1}, total.layout.type.element});
  }
  add_fusion(std::move(fusion), inputs, outputs, {}, inner.level,
             {"add to sums over the steps", inner.tape.origin(values.front()), to_string(type)});
}

void Planner::add_by_kernels(Context& inner, const Loop& loop, NodeId value) {
  const auto& total = loop.totals.at(value);
  const Note note{"add to sums over the steps", inner.tape.origin(value),
                  to_string(inner.tape.node(value).type)};
  auto term = place(inner, value);
  if (term.layout.type != total.layout.type) {
    const auto wide = new_buffer(total.layout.type, inner.level);
    add_cast(term, wide, inner.level, note);
    term = wide;
  }
  // Another one at every step.
  auto before = total;
  before.level = inner.level;
  end_call(begin_call(add_operation(), {}, {&before, &term}, total.layout.type), &total, inner.level, false,
           note);
}

/// From the totals to the memory of the projections.
void Planner::round_totals(Context& outer, const Loop& loop) {
  for (const auto& [value, total] : loop.totals) {
    const auto& sum = loop.summed.at(value);
    if (!total.same_as(sum))
      add_cast(total, sum, outer.level,
               {"sums over the steps", loop.body().tape->origin(value), to_string(sum.layout.type)});
  }
}

/// The sum along other axes that alone takes a sum over the steps, if there is one.
std::optional<NodeId> Planner::only_sum_of(const Context& outer, const Loop& loop, NodeId value) {
  std::optional<NodeId> summed;
  for (auto projection : loop.live->projections) {
    const auto of = Projection::of(outer.tape.node(projection));
    if (!of.is(Projection::Kind::summed) || of.value(loop.body()) != value) continue;
    if (summed) return std::nullopt;
    summed = projection;
  }
  const auto item = outer.last_reader[*summed];
  if (item < 0 || outer.wanted[*summed] || outer.first_reader[*summed] != item) return std::nullopt;
  const auto& nodes = outer.schedule.items[item].nodes;
  const auto reader = nodes.front();
  const bool is_sum = nodes.size() == 1 && &outer.operation(reader) == &sum_operation() &&
                      outer.tape.inputs(reader)[0] == *summed;
  return is_sum ? std::optional(reader) : std::nullopt;
}

/// One reduction along the steps, and along what the sum of it is along.
void Planner::add_up_kept(Context& outer, const Loop& loop) {
  for (const auto& [value, all] : loop.kept) {
    std::vector<std::int64_t> axes{0};
    auto sum = loop.summed.at(value);
    if (const auto further = only_sum_of(outer, loop, value)) {
      for (auto axis : outer.tape.node(*further).attributes.integers("axes")) axes.push_back(axis + 1);
      sum = put_home_or_buffer(outer, *further);
      outer.planned.insert(outer.schedule.item_of[*further]);
    }
    end_call(begin_call(sum_operation(), {{"axes", axes}}, {&all}, sum.layout.type), &sum, outer.level, false,
             {"sums over the steps", loop.body().tape->origin(value), to_string(all.layout.type)});
  }
}

void Planner::add_cast(const Place& from, const Place& to, int level, Note note) {
  const auto element = to.layout.type.element;
  const auto& cast = cast_operation();
  if (target_.fuses_map(cast, {from.layout.type.element}, element)) {
    const Fusion fusion{to.layout.type.shape, {{&cast, Member::Kind::map, {0}, element}}, {{1}}};
    return add_fusion(fusion, {from}, {to}, {}, level, std::move(note));
  }
  end_call(begin_call(cast, {{"element", static_cast<std::int64_t>(element)}}, {&from}, to.layout.type), &to,
           level, false, std::move(note));
}

}  // namespace reel::plan
