#include "schedule.h"

#include <reel/structural.h>

#include <algorithm>
#include <numeric>

#include "cluster.h"
#include "place.h"

namespace reel::cpu {

bool has_loop(const Tape& tape, NodeId id) {
  const auto& operation = *tape.node(id).operation;
  if (operation.kind != Kind::map || !operation.kernels.cpu.map) return false;
  if (tape.inputs(id).size() > Cluster::most_operands) return false;
  std::vector<ElementType> operands;
  for (auto input : tape.inputs(id)) operands.push_back(tape.node(input).type.element);
  return operation.kernels.cpu.map(operands, tape.node(id).type.element) != nullptr;
}

namespace {

/// Nodes are computed in stages: within a stage nothing waits for anything but maps for maps of their own
/// shape.
class Scheduler {
 public:
  Scheduler(const Tape& tape, const Live& live, bool fuse, bool outermost)
      : tape_(tape), live_(live), fuse_(fuse), outermost_(outermost) {}

  Schedule run(const std::vector<NodeId>& wanted) {
    const auto size = tape_.size();
    schedule_.item_of.assign(size, -1);
    schedule_.kept.assign(size, false);
    role_.resize(size);
    source_.resize(size);
    for (NodeId id = 0; id < size; ++id) {
      if (!live_.nodes[id]) continue;
      role_[id] = role_of(id);
      source_[id] = role_[id] == Role::view ? source_[tape_.inputs(id)[0]] : id;
      schedule_.kept[id] = outermost_ && is_kept(id);
    }
    find_stages();
    delay_maps(wanted);
    make_items();
    return std::move(schedule_);
  }

 private:
  enum class Role : std::uint8_t { given, view, map, other };

  Role role_of(NodeId id) const {
    const auto& operation = *tape_.node(id).operation;
    if (&operation == &argument_operation() || &operation == &parameter_operation() ||
        &operation == &constant_operation() || &operation == &fill_operation())
      return Role::given;
    if (operation.kind == Kind::projection) return Role::view;
    if (is_view(operation)) return Role::view;
    return has_loop(tape_, id) ? Role::map : Role::other;
  }

  bool is_kept(NodeId id) const {
    const auto& operation = *tape_.node(id).operation;
    if (&operation == &parameter_operation())
      return !tape_.node(id).attributes.get<std::shared_ptr<Variable>>("variable")->counts_runs;
    if (!operation.has_value() || operation.kind == Kind::random || operation.kind == Kind::projection ||
        &operation == &argument_operation())
      return false;
    const auto inputs = tape_.inputs(id);
    return std::all_of(inputs.begin(), inputs.end(), [&](NodeId input) { return schedule_.kept[input]; });
  }

  /// Maps whose tiles can be worked on together.
  bool same_space(NodeId a, NodeId b) const {
    return role_[a] == Role::map && role_[b] == Role::map &&
           tape_.node(a).type.shape == tape_.node(b).type.shape && schedule_.kept[a] == schedule_.kept[b];
  }

  void find_stages() {
    stage_.assign(tape_.size(), 0);
    int last_effect = 0;
    for (NodeId id = 0; id < tape_.size(); ++id) {
      if (!live_.nodes[id] || role_[id] == Role::given) continue;
      int stage = 0;
      for (auto input : tape_.inputs(id)) {
        const bool together = fuse_ && same_space(id, input);
        const bool waits = role_[source_[input]] != Role::given && role_[id] != Role::view && !together;
        stage = std::max(stage, stage_[input] + waits);
      }
      const auto& operation = *tape_.node(id).operation;
      if (operation.kind == Kind::effect || operation.kind == Kind::unroll)
        last_effect = stage = std::max(stage, last_effect + 1);  // effects keep their order
      stage_[id] = stage;
    }
  }

  /// A map all of whose users come later is computed with them, where that needs no more values kept.
  void delay_maps(const std::vector<NodeId>& wanted) {
    if (!fuse_) return;
    constexpr int never = INT32_MAX;
    std::vector<int> first_use(tape_.size(), never);
    for (auto id : wanted) first_use[id] = -1;
    for (NodeId id = tape_.size() - 1; id >= 0; --id) {
      if (!live_.nodes[id]) continue;
      if (role_[id] == Role::map && first_use[id] != never && first_use[id] > stage_[id]) {
        int kept_alive = 0;
        for (auto input : tape_.inputs(id))
          kept_alive += same_space(id, input) && stage_[input] == stage_[id];
        if (kept_alive <= 1) stage_[id] = first_use[id];
      }
      for (auto input : tape_.inputs(id)) {
        const int use = same_space(id, input) ? stage_[id] : -1;
        first_use[input] = std::min(first_use[input], use);
      }
    }
  }

  NodeId find(NodeId id) {
    while (group_[id] != id) id = group_[id] = group_[group_[id]];
    return id;
  }

  /// Maps of a stage that read one another or the same values are one group.
  void group_maps() {
    group_.resize(tape_.size());
    std::iota(group_.begin(), group_.end(), 0);
    if (!fuse_) return;
    std::vector<NodeId> last_reader(tape_.size(), -1);
    for (NodeId id = 0; id < tape_.size(); ++id) {
      if (!live_.nodes[id] || role_[id] != Role::map) continue;
      const auto join = [&](NodeId other) {
        if (other >= 0 && same_space(id, other) && stage_[id] == stage_[other])
          group_[std::max(find(id), find(other))] = std::min(find(id), find(other));
      };
      for (auto input : tape_.inputs(id)) {
        join(input);
        const auto source = source_[input];
        if (tape_.node(source).operation == &fill_operation()) continue;
        join(last_reader[source]);
        last_reader[source] = id;
      }
    }
  }

  void make_items() {
    group_maps();
    std::vector<NodeId> order;
    for (NodeId id = 0; id < tape_.size(); ++id)
      if (live_.nodes[id] && role_[id] != Role::given && role_[id] != Role::view) order.push_back(id);
    std::stable_sort(order.begin(), order.end(), [&](NodeId a, NodeId b) { return stage_[a] < stage_[b]; });
    std::vector<std::int32_t> item_of_group(tape_.size(), -1);
    for (auto id : order) {
      const auto group = find(id);
      if (role_[id] == Role::map && item_of_group[group] >= 0) {
        schedule_.item_of[id] = item_of_group[group];
        schedule_.items[item_of_group[group]].nodes.push_back(id);
        continue;
      }
      schedule_.item_of[id] = item_of_group[group] = static_cast<std::int32_t>(schedule_.items.size());
      schedule_.items.push_back({{id}, role_[id] == Role::map});
    }
  }

  const Tape& tape_;
  const Live& live_;
  const bool fuse_, outermost_;
  Schedule schedule_;
  std::vector<Role> role_;
  std::vector<NodeId> source_;  // behind layouts
  std::vector<int> stage_;
  std::vector<NodeId> group_;
};

}  // namespace

Schedule make_schedule(const Tape& tape, const Live& live, const std::vector<NodeId>& wanted, bool fuse,
                       bool outermost) {
  return Scheduler(tape, live, fuse, outermost).run(wanted);
}

}  // namespace reel::cpu
