#include "passes/split/step_plan.h"

#include <reel/structural.h>

#include <algorithm>

#include "passes/split/join.h"
#include "passes/split/raise.h"
#include "passes/split/sink.h"
#include "search_limits.h"

namespace reel::passes {

namespace {

/// So many times as many bytes are much more.
constexpr std::int64_t much_larger = 4;

/// Operands that hold all those that vary and in which, together, the operation is linear: their numbers, or
/// null for all of them; none where there are no such.
std::optional<const std::vector<std::size_t>*> linear_operands(const StepPlan& plan, const Tape& step,
                                                               NodeId id) {
  const auto& operation = *step.node(id).operation;
  if (operation.kind == Kind::index_map) return nullptr;
  const auto inputs = step.inputs(id);
  for (const auto& together : operation.algebra.linear) {
    bool holds_all = true;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      holds_all &=
          !plan.varies(inputs[i]) || std::find(together.begin(), together.end(), i) != together.end();
    if (holds_all) return &together;
  }
  return std::nullopt;
}

/// Decides what is needed, from the last component to the first: when a value is reached, all that read it
/// have been.
class Needing {
 public:
  Needing(const Body& body, const std::vector<Projection>& projected, StepPlan& plan)
      : body_(body),
        step_(*body.tape),
        projected_(projected),
        plan_(plan),
        carry_(step_.size(), -1),
        source_bytes_(step_.size()) {
    for (std::size_t k = 0; k < body.carries.size(); ++k)
      carry_[body.carries[k]] = static_cast<std::int32_t>(k);
    find_sources();
  }

  void run() {
    for (const auto& projection : projected_) {
      const auto value = projection.value(body_);
      if (projection.is(Projection::Kind::summed))
        plan_.needs[value].total = true;
      else if (projection.is(Projection::Kind::stacked) || plan_.loop_of[value] < 0)
        plan_.needs[value].value = true;
    }
    for (auto c = plan_.order.rbegin(); c != plan_.order.rend(); ++c) {
      const auto loop = plan_.groups.of_component[*c].loop;
      for (auto id : plan_.loops[*c])
        for (auto input : step_.inputs(id))
          if (plan_.loop_of[input] != loop) plan_.needs[input].value = true;
      if (loop >= 0) continue;
      const auto component = plan_.groups.components[*c];
      if (plan_.scans.count(*c)) {
        need_around(component);
        continue;
      }
      for (auto i = component.size(); i-- > 0;)
        if (plan_.loop_of[component[i]] < 0) need_operands(component[i]);
    }
  }

 private:
  std::int64_t bytes(NodeId id) const { return static_cast<std::int64_t>(step_.node(id).type.bytes()); }

  /// How many bytes a step that are there at all steps anyway a value is made of: sequences, what loops and
  /// products give.
  void find_sources() {
    for (auto c : plan_.order)
      for (auto id : plan_.groups.components[c]) {
        if (!plan_.varies(id)) continue;
        const auto inputs = step_.inputs(id);
        std::int64_t sources = 0, varying = 0;
        for (auto input : inputs) {
          sources += source_bytes_[input];
          varying += plan_.varies(input);
        }
        const auto kind = step_.node(id).operation->kind;
        const bool is_rows = kind == Kind::gather || (kind == Kind::contraction && varying == 1);
        const bool is_nested = kind == Kind::unroll || kind == Kind::projection;
        const bool is_source =
            inputs.empty() || plan_.loop_of[id] >= 0 || plan_.is_scanned(id) || is_rows || is_nested;
        source_bytes_[id] = is_source ? bytes(id) : std::min(bytes(id), sources);
      }
  }

  /// Whether all steps of a value would need much more memory than all steps of what it is made of.
  bool is_large(NodeId id) const { return plan_.varies(id) && bytes(id) > much_larger * source_bytes_[id]; }

  /// All that a scan reads.
  void need_around(Span<const NodeId> component) {
    for (auto id : component)
      for (auto input : step_.inputs(id))
        if (plan_.groups.component[input] != plan_.groups.component[id]) plan_.needs[input].value = true;
  }

  void need_operands(NodeId id) {
    auto& need = plan_.needs[id];
    need.sum = sum_of(id);
    need.in_steps = reduces_large(id);
    const auto inputs = step_.inputs(id);
    if (carry_[id] >= 0 && (need.value || need.total)) plan_.needs[body_.next[carry_[id]]].value = true;
    const bool at_steps_only = !need.value && (need.step || (need.total && need.sum == Sum::in_loop));
    const bool is_unroll = step_.node(id).operation->kind == Kind::unroll;
    if (at_steps_only || need.in_steps) {
      for (auto input : inputs) (is_large(input) ? plan_.needs[input].step : plan_.needs[input].value) = true;
    } else if (is_unroll || need.value || (need.total && need.sum != Sum::linear)) {
      for (auto input : inputs) plan_.needs[input].value = true;
    } else if (need.total) {
      for (std::size_t i = 0; i < inputs.size(); ++i)
        (sums_operand(plan_, step_, id, i) ? plan_.needs[inputs[i]].total : plan_.needs[inputs[i]].value) =
            true;
    }
  }

  Sum sum_of(NodeId id) const {
    const auto& need = plan_.needs[id];
    const auto& operation = *step_.node(id).operation;
    // What is there at all steps is added up as it is.
    if (need.value || !plan_.varies(id) || step_.inputs(id).empty()) return Sum::of_steps;
    if (operation.kind == Kind::projection) return Sum::of_steps;
    if (need.step) return Sum::in_loop;
    if (linear_operands(plan_, step_, id)) return Sum::linear;
    if (operation.sum_over_time) return Sum::by_operation;
    return is_large(id) ? Sum::in_loop : Sum::of_steps;
  }

  /// Whether a value that is needed at all steps is made of one that is large and needed for nothing else. A
  /// product is better off all at once even so.
  bool reduces_large(NodeId id) const {
    const auto kind = step_.node(id).operation->kind;
    if (!plan_.needs[id].value || is_large(id) || carry_[id] >= 0) return false;
    if (kind == Kind::contraction || kind == Kind::unroll) return false;
    const auto inputs = step_.inputs(id);
    return std::any_of(inputs.begin(), inputs.end(), [&](NodeId input) {
      return is_large(input) && !plan_.needs[input].value && bytes(input) > much_larger * bytes(id);
    });
  }

  const Body& body_;
  const Tape& step_;
  const std::vector<Projection>& projected_;
  StepPlan& plan_;
  std::vector<std::int32_t> carry_;  // position of an input among the carries
  std::vector<std::int64_t> source_bytes_;
};

/// What each loop computes, as the loop of each value says.
NodeLists values_of_loops(const StepPlan& plan) {
  return NodeLists::by(plan.groups.components.size(), static_cast<NodeId>(plan.loop_of.size()),
                       [&](NodeId id) { return plan.loop_of[id]; });
}

/// Components are in an order already but for what loops have taken in from behind them. With a stack of its
/// own: a component is done when all that it reads are.
std::vector<std::int32_t> find_order(const Body& body, const StepPlan& plan) {
  const auto& components = plan.groups.components;
  std::vector<NodeId> next(body.tape->size(), -1);  // of a carry, what is handed on to it
  for (std::size_t k = 0; k < body.carries.size(); ++k) next[body.carries[k]] = body.next[k];
  std::vector<std::int32_t> order, pending;
  const auto reads = [&](std::int32_t component, NodeId id) {
    const auto of = plan.loop_of[id] >= 0 ? plan.loop_of[id] : plan.groups.component[id];
    if (of != component) pending.push_back(of);
  };
  std::vector<bool> is_open(components.size()), is_done(components.size());
  for (std::int32_t first = 0; first < static_cast<std::int32_t>(components.size()); ++first) {
    pending.push_back(first);
    while (!pending.empty()) {
      const auto c = pending.back();
      if (is_done[c] || is_open[c]) {
        pending.pop_back();
        if (!is_done[c]) order.push_back(c);
        is_done[c] = true;
        continue;
      }
      is_open[c] = true;
      for (auto id : plan.groups.of_component[c].loop >= 0 ? plan.loops[c] : components[c]) {
        for (auto input : body.tape->inputs(id)) reads(c, input);
        if (next[id] >= 0) reads(c, next[id]);
      }
    }
  }
  return order;
}

const char* text_of(Sum sum) {
  switch (sum) {
    case Sum::of_steps:
      return "summed when all steps are there";
    case Sum::in_loop:
      return "summed in a loop";
    case Sum::linear:
      return "summed by its operands";
    case Sum::by_operation:
      return "summed by its operation";
  }
  throw InternalError("no such sum");
}

/// What is repeated, where a value is a repetition: one that is a condition or a factor of others, as masks
/// are, nobody stores.
NodeId behind_broadcasts(const Tape& step, NodeId id) {
  while (step.node(id).operation == &broadcast_operation()) id = step.inputs(id)[0];
  return id;
}

/// Whether a value is much larger than what it is made of.
bool is_spread(const Tape& step, NodeId id) {
  id = behind_broadcasts(step, id);
  if (step.inputs(id).empty()) return false;
  std::int64_t sources = 0;
  for (auto input : step.inputs(id))
    sources += static_cast<std::int64_t>(step.node(behind_broadcasts(step, input)).type.bytes());
  return static_cast<std::int64_t>(step.node(id).type.bytes()) > much_larger * sources;
}

/// Whether a cycle is better off as a scan: its values are wanted at every step, not the last or their sum
/// alone, and what it reads would be stored at every step anyway.
class ScanWorth {
 public:
  ScanWorth(const Body& body, const StepGroups& groups, const std::vector<Projection>& projected)
      : step_(*body.tape), groups_(groups), is_wanted_(groups.components.size()) {
    for (const auto& projection : projected)
      if (projection.is(Projection::Kind::stacked)) want(projection.value(body));
    for (NodeId id = 0; id < step_.size(); ++id) {
      if (!groups.is_live(id)) continue;
      for (auto input : step_.inputs(id))
        if (groups.component[input] != groups.component[id]) want(input);
    }
    // What is handed on to a carry of another cycle, or of none.
    for (std::size_t k = 0; k < body.carries.size(); ++k)
      if (groups.is_live(body.carries[k]) &&
          groups.component[body.carries[k]] != groups.component[body.next[k]])
        want(body.next[k]);
  }

  bool operator()(std::size_t component) const {
    if (!is_wanted_[component]) return false;
    for (auto id : groups_.components[component])
      for (auto input : step_.inputs(id))
        if (groups_.component[input] != groups_.component[id] && groups_[input].varies &&
            groups_[input].loop < 0 && is_spread(step_, input))
          return false;
    return true;
  }

 private:
  void want(NodeId id) { is_wanted_[groups_.component[id]] = true; }

  const Tape& step_;
  const StepGroups& groups_;
  std::vector<bool> is_wanted_;
};

/// Of the cycles of a step, those that are linear recurrences, but for small ones where there are many: these
/// are better off in a loop together.
std::map<std::int32_t, Recurrence> find_scans(const Body& body, const StepGroups& groups,
                                              const std::vector<Projection>& projected) {
  std::map<std::int32_t, Recurrence> found;
  const ScanWorth is_worth(body, groups, projected);
  std::vector<NodeId> next(body.tape->size(), -1);
  for (std::size_t k = 0; k < body.carries.size(); ++k) next[body.carries[k]] = body.next[k];
  for (std::size_t c = 0; c < groups.components.size(); ++c)
    if (groups.of_component[c].loop >= 0 && is_worth(c))
      if (const auto recurrence = linear_recurrence(body, next, groups.components[c]))
        found.emplace(static_cast<std::int32_t>(c), *recurrence);
  if (found.size() <= limits::most_small_scans) return found;
  for (auto scan = found.begin(); scan != found.end();) {
    const bool is_small =
        body.tape->node(scan->second.carry).type.bytes() < limits::least_bytes_of_many_scans;
    scan = is_small ? found.erase(scan) : std::next(scan);
  }
  return found;
}

}  // namespace

StepPlan plan_steps(const Body& body, std::int64_t steps, const std::vector<Projection>& projected,
                    const SplitOptions& options, limits::Met& met) {
  std::vector<NodeId> results;
  for (const auto& projection : projected) results.push_back(projection.value(body));
  StepPlan plan{group_steps(body, results), {}, {}, {}, {}, {}};
  const auto& groups = plan.groups;
  if (options.scan) plan.scans = find_scans(body, groups, projected);
  for (const auto& [c, recurrence] : plan.scans) plan.groups.of_component[c].loop = -1;
  std::vector<bool> is_result(body.tape->size());
  for (auto id : results) is_result[id] = true;
  for (auto id : body.next) is_result[id] = true;
  // They stay together.
  for (const auto& [c, recurrence] : plan.scans)
    for (auto id : groups.components[c]) is_result[id] = true;
  for (NodeId id = 0; id < body.tape->size(); ++id)
    plan.loop_of.push_back(groups.is_live(id) ? groups[id].loop : -1);
  join_loops(body, steps, groups, plan.loop_of);
  const auto decide = [&] {
    if (options.sink) sink(body, groups, is_result, plan.loop_of, met);
    plan.loops = values_of_loops(plan);
    plan.order = find_order(body, plan);
    plan.needs.assign(body.tape->size(), {});
    Needing(body, projected, plan).run();
  };
  decide();
  if (!options.sink) return plan;
  // What sinks may be what kept a sum outside, and the other way round.
  for (int round = 0; raise(body, steps, projected, options.saving, plan); ++round) {
    decide();
    if (round < limits::most_raises_in_turn) continue;
    met.push_back("sums are taken into loops " + std::to_string(round) +
                  " times in turn at most: others are made of all steps");
    break;
  }
  return plan;
}

bool sums_operand(const StepPlan& plan, const Tape& step, NodeId id, std::size_t operand) {
  const auto together = linear_operands(plan, step, id);
  return together &&
         (!*together || std::find((*together)->begin(), (*together)->end(), operand) != (*together)->end());
}

std::string to_string(const StepPlan& plan, const Tape& step) {
  std::string text;
  for (NodeId id = 0; id < step.size(); ++id) {
    if (!plan.groups.is_live(id)) continue;
    std::string said;
    const auto say = [&](const std::string& what) { said += (said.empty() ? " " : ", ") + what; };
    const auto& need = plan.needs[id];
    if (plan.loop_of[id] >= 0) say("in loop " + std::to_string(plan.loop_of[id]));
    if (plan.is_scanned(id)) say("by a scan");
    if (need.value) say(plan.varies(id) ? "at every step" : "once");
    if (need.in_steps) say("by a loop of its own");
    if (need.step) say("step by step");
    if (need.total) say(text_of(need.sum));
    text += "%" + std::to_string(id) + " " + step.node(id).operation->name + ":" + said + "\n";
  }
  return text;
}

}  // namespace reel::passes
