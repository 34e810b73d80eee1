#include "plan/schedule.h"

#include <reel/structural.h>
#include <reel/variable.h>

#include <algorithm>
#include <numeric>

#include "record/lasting_parameters.h"

namespace reel::plan {

Reading Schedule::reading(NodeId id, std::size_t operand) const {
  const bool together = item_of[id] >= 0 && item_of[id] == item_of[spaces.source(id, operand)];
  return together ? spaces.reading(id, operand) : Reading::apart;
}

namespace {

/// Nodes are computed in stages: within a stage nothing waits for anything but values of a space for values
/// of the same.
class Scheduler {
 public:
  Scheduler(const Tape& tape, const Live& live, const Target& target, bool fuse, bool outermost)
      : tape_(tape),
        live_(live),
        target_(target),
        fuse_(fuse),
        outermost_(outermost),
        schedule_{Spaces(tape, live, target, fuse), {}, {}, {}},
        spaces_(schedule_.spaces),
        lasts_(tape) {}

  Schedule run(const std::vector<NodeId>& wanted) {
    const auto size = tape_.size();
    schedule_.item_of.assign(size, -1);
    schedule_.cached.assign(size, false);
    for (NodeId id = 0; id < size; ++id)
      if (live_.nodes[id]) schedule_.cached[id] = outermost_ && is_cached(id);
    find_stages();
    delay_maps(wanted);
    make_items();
    return std::move(schedule_);
  }

 private:
  bool is_cached(NodeId id) const {
    const auto& operation = *tape_.node(id).operation;
    if (&operation == &parameter_operation()) return lasts_(id);
    if (!operation.has_value() || operation.kind == Kind::random || operation.kind == Kind::projection ||
        &operation == &argument_operation())
      return false;
    const auto inputs = tape_.inputs(id);
    return std::all_of(inputs.begin(), inputs.end(), [&](NodeId input) { return schedule_.cached[input]; });
  }

  bool computed(NodeId id) const { return spaces_.role(id) != Role::given && spaces_.role(id) != Role::view; }

  /// Values that can be worked on in one pass over memory.
  bool same_space(NodeId a, NodeId b) const {
    return fuse_ && spaces_.is_fusible(a) && spaces_.is_fusible(b) && spaces_.space(a) == spaces_.space(b) &&
           schedule_.cached[a] == schedule_.cached[b];
  }

  /// Whether an operand may be computed in the same fusion.
  bool may_join(NodeId id, std::size_t operand) const {
    return same_space(id, spaces_.source(id, operand)) && spaces_.reading(id, operand) != Reading::apart;
  }

  void find_stages() {
    stage_.assign(tape_.size(), 0);
    int last_effect = 0;
    for (NodeId id = 0; id < tape_.size(); ++id) {
      if (!live_.nodes[id] || spaces_.role(id) == Role::given) continue;
      stage_[id] = stage_behind_operands(id);
      const auto kind = tape_.node(id).operation->kind;
      if (kind == Kind::effect || kind == Kind::unroll)
        last_effect = stage_[id] = std::max(stage_[id], last_effect + 1);  // effects keep their order
    }
  }

  int stage_behind_operands(NodeId id) const {
    int stage = 0;
    const auto inputs = tape_.inputs(id);
    for (std::size_t k = 0; k < inputs.size(); ++k)
      stage = std::max(stage, stage_[inputs[k]] + waits_for(id, k));
    return stage;
  }

  /// Whether an operand must be there before the node's item begins.
  bool waits_for(NodeId id, std::size_t operand) const {
    const bool is_computed = spaces_.role(spaces_.source(id, operand)) != Role::given;
    return is_computed && spaces_.role(id) != Role::view && !may_join(id, operand);
  }

  /// Values that somebody reads in another item.
  std::vector<bool> find_kept(const std::vector<NodeId>& wanted) const {
    std::vector<bool> is_kept(tape_.size());
    for (auto id : wanted) is_kept[spaces_.source(id)] = true;
    for (NodeId id = 0; id < tape_.size(); ++id) {
      if (!live_.nodes[id] || spaces_.role(id) == Role::view) continue;
      for (std::size_t k = 0; k < tape_.inputs(id).size(); ++k) {
        const auto source = spaces_.source(id, k);
        if (!may_join(id, k) || stage_[id] > stage_[source]) is_kept[source] = true;
      }
    }
    return is_kept;
  }

  /// A map all of whose users come later is computed with them, where that needs no more values kept.
  void delay_maps(const std::vector<NodeId>& wanted) {
    if (!fuse_) return;
    constexpr int never = INT32_MAX;
    std::vector<int> first_use(tape_.size(), never);
    const auto is_kept = find_kept(wanted);
    for (auto id : wanted) first_use[spaces_.source(id)] = -1;
    for (NodeId id = tape_.size() - 1; id >= 0; --id) {
      if (!live_.nodes[id] || spaces_.role(id) == Role::view) continue;
      const auto inputs = tape_.inputs(id);
      if (spaces_.role(id) == Role::map && first_use[id] != never && first_use[id] > stage_[id]) {
        int kept_alive = 0;
        for (std::size_t k = 0; k < inputs.size(); ++k) {
          const auto source = spaces_.source(id, k);
          const bool is_needed_for_it = may_join(id, k) && stage_[source] == stage_[id] && !is_kept[source];
          kept_alive += is_needed_for_it && !spaces_.is_per_row(source);
        }
        if (kept_alive <= 1) stage_[id] = first_use[id];
      }
      for (std::size_t k = 0; k < inputs.size(); ++k) {
        const auto source = spaces_.source(id, k);
        first_use[source] = std::min(first_use[source], may_join(id, k) ? stage_[id] : -1);
      }
    }
  }

  NodeId find(NodeId id) {
    while (group_[id] != id) id = group_[id] = group_[group_[id]];
    return id;
  }

  /// Values of a stage that read one another or the same values are one group.
  void group_values() {
    group_.resize(tape_.size());
    std::iota(group_.begin(), group_.end(), 0);
    if (!fuse_) return;
    std::vector<NodeId> last_reader(tape_.size(), -1);
    for (NodeId id = 0; id < tape_.size(); ++id) {
      if (!live_.nodes[id] || !spaces_.is_fusible(id)) continue;
      const auto join = [&](NodeId other) {
        if (other >= 0 && same_space(id, other) && stage_[id] == stage_[other])
          group_[std::max(find(id), find(other))] = std::min(find(id), find(other));
      };
      for (auto input : tape_.inputs(id)) {
        const auto source = spaces_.source(input);
        join(source);
        if (tape_.node(source).operation == &fill_operation()) continue;
        join(last_reader[source]);
        last_reader[source] = id;
      }
    }
  }

  void make_items() {
    group_values();
    std::vector<NodeId> order;
    for (NodeId id = 0; id < tape_.size(); ++id)
      if (live_.nodes[id] && computed(id)) order.push_back(id);
    std::stable_sort(order.begin(), order.end(), [&](NodeId a, NodeId b) { return stage_[a] < stage_[b]; });
    std::vector<std::int32_t> item_of_group(tape_.size(), -1);
    auto& items = schedule_.items;
    for (auto id : order) {
      const auto group = find(id);
      const auto known = item_of_group[group];
      if (known < 0 || items[known].nodes.size() >= target_.most_members()) {
        item_of_group[group] = static_cast<std::int32_t>(items.size());
        items.push_back({{}, spaces_.is_fusible(id), spaces_.is_fusible(id)});
      }
      schedule_.item_of[id] = item_of_group[group];
      auto& item = items[item_of_group[group]];
      item.nodes.push_back(id);
      item.is_of_rows = item.is_of_rows && spaces_.role(id) == Role::map && spaces_.is_per_row(id);
    }
    for (auto& item : items)
      if (item.nodes.size() == 1 && spaces_.is_reduction(item.nodes[0]) && has_kernel(item.nodes[0]))
        item.is_fusion = false;
  }

  /// Which is better than a fusion of one.
  bool has_kernel(NodeId reduction) const {
    const auto& node = tape_.node(reduction);
    const auto& operand = tape_.node(tape_.inputs(reduction)[0]).type;
    return target_.takes(*node.operation,
                         {{Layout::contiguous(operand)}, Layout::contiguous(node.type), node.attributes}) !=
           Takes::nothing;
  }

  const Tape& tape_;
  const Live& live_;
  const Target& target_;
  const bool fuse_, outermost_;
  Schedule schedule_;
  const Spaces& spaces_;
  const LastingParameters lasts_;
  std::vector<int> stage_;
  std::vector<NodeId> group_;
};

}  // namespace

Schedule make_schedule(const Tape& tape, const Live& live, const std::vector<NodeId>& wanted,
                       const Target& target, bool fuse, bool outermost) {
  return Scheduler(tape, live, target, fuse, outermost).run(wanted);
}

}  // namespace reel::plan
