#include "passes/split/raise.h"

#include <reel/structural.h>

#include <algorithm>
#include <map>
#include <set>

#include "passes/worth.h"
#include "tape/users.h"

namespace reel::passes {

namespace {

/// A sum over the steps as a loop could make it.
struct Raised {
  std::set<NodeId> nodes;  // that it would compute
  std::set<NodeId> read;   // other values
  std::int32_t loop = -1;  // -1 where there is no such loop
};

class Raising {
 public:
  Raising(const Body& body, std::int64_t steps, const std::vector<Projection>& projected, Saving saving,
          StepPlan& plan)
      : tape_(*body.tape),
        steps_(steps),
        saving_(saving),
        plan_(plan),
        groups_(plan.groups),
        loop_of_(plan.loop_of),
        users_(tape_, [&](NodeId id) { return plan.groups.is_live(id); }),
        is_wanted_(tape_.size()) {
    for (auto id : body.next) is_wanted_[id] = true;
    for (NodeId id = 0; id < tape_.size(); ++id) is_wanted_[id] = is_wanted_[id] || plan.is_scanned(id);
    for (const auto& projection : projected) {
      const auto id = projection.value(body);
      if (projection.is(Projection::Kind::summed))
        totals_.insert(id);
      else
        is_wanted_[id] = true;
    }
  }

  bool run() {
    bool any = false;
    for (auto id : totals_) {
      if (loop_of_[id] >= 0 || is_wanted_[id] || !users_[id].empty() || !is_light(id)) continue;
      const auto raised = raised_of(id);
      if (raised.loop < 0 || !gains(id, raised) || !lacks_memory(raised.loop)) continue;
      for (auto node : raised.nodes) loop_of_[node] = raised.loop;
      any = true;
    }
    return any;
  }

 private:
  std::int64_t bytes(NodeId id) const { return static_cast<std::int64_t>(tape_.node(id).type.bytes()); }

  bool is_light(NodeId id) const {
    const auto& operation = *tape_.node(id).operation;
    return operation.is_layout() || operation.kind == Kind::reduction ||
           (operation.kind == Kind::map && operation.is_cheap());
  }

  /// Whether a node that is read by those given may be computed in a loop with them, for nobody else.
  bool may_join(NodeId id, const std::set<NodeId>& nodes) const {
    const auto is_one_of_them = [&](NodeId user) { return nodes.count(user) > 0; };
    return is_light(id) && loop_of_[id] < 0 && !is_wanted_[id] && !totals_.count(id) &&
           std::all_of(users_[id].begin(), users_[id].end(), is_one_of_them);
  }

  Raised raised_of(NodeId total) const {
    Raised raised;
    raised.nodes.insert(total);
    // Whoever reads a node stands behind it.
    for (auto node = raised.nodes.rbegin(); node != raised.nodes.rend(); ++node)
      for (auto input : tape_.inputs(*node)) {
        (may_join(input, raised.nodes) ? raised.nodes : raised.read).insert(input);
      }
    raised.loop = loop_behind(raised.read);
    return raised;
  }

  /// The loop in which all the values are there, where that is one that computes some of them; else -1.
  std::int32_t loop_behind(const std::set<NodeId>& read) const {
    std::int32_t last = -1;
    for (auto id : read) last = std::max(last, loop_of_[id]);
    if (last < 0) return -1;
    const auto stage = groups_.of_component[last].stage;
    const bool all = std::all_of(read.begin(), read.end(), [&](NodeId id) {
      return loop_of_[id] == last || groups_[id].stage < stage;
    });
    return all ? last : -1;
  }

  /// Whether nobody reads a value outside of a loop, but perhaps those given.
  bool is_last_read(NodeId id, std::int32_t loop, const std::set<NodeId>& beside) const {
    if (loop_of_[id] >= 0 || !groups_[id].varies || is_wanted_[id] || totals_.count(id)) return false;
    const auto in_loop = [&](NodeId user) { return loop_of_[user] == loop; };
    const auto users = users_[id];
    return std::any_of(users.begin(), users.end(), in_loop) &&
           std::all_of(users.begin(), users.end(),
                       [&](NodeId user) { return in_loop(user) || beside.count(user) > 0; });
  }

  /// Whether a loop stores more than there is to be written over.
  bool lacks_memory(std::int32_t loop) {
    const auto [known, is_new] = lacks_memory_.emplace(loop, false);
    if (is_new) known->second = stores_more_than_it_frees(loop);
    return known->second;
  }

  bool stores_more_than_it_frees(std::int32_t loop) const {
    std::int64_t stored = 0, read_last = 0;
    std::set<NodeId> read;
    for (auto id : plan_.loops[loop]) {
      const bool is_part = std::any_of(users_[id].begin(), users_[id].end(), [&](NodeId user) {
        return tape_.node(user).operation == &concat_operation() && plan_.needs[user].value;
      });
      if (plan_.needs[id].value && !is_part) stored += bytes(id);
      read.insert(tape_.inputs(id).begin(), tape_.inputs(id).end());
    }
    for (auto id : read)
      if (is_last_read(id, loop, {})) read_last += bytes(id);
    return stored > read_last;
  }

  /// Whether something is then free to be written over that is worth it: to add up much takes time.
  bool gains(NodeId total, const Raised& raised) const {
    constexpr std::int64_t little = 4;
    std::int64_t freed = 0;
    for (auto id : raised.read)
      if (is_memory_worth(saving_, tape_.node(id).type, steps_) &&
          is_last_read(id, raised.loop, raised.nodes))
        freed += bytes(id);
    return freed > 0 && (saving_ == Saving::memory || little * bytes(total) <= freed);
  }

  const Tape& tape_;
  const std::int64_t steps_;
  const Saving saving_;
  const StepPlan& plan_;
  const StepGroups& groups_;
  std::vector<std::int32_t>& loop_of_;
  const Users users_;
  std::vector<bool> is_wanted_;  // at every step, or by the next one
  std::set<NodeId> totals_;
  std::map<std::int32_t, bool> lacks_memory_;  // of a loop, before anything is taken in
};

}  // namespace

bool raise(const Body& body, std::int64_t steps, const std::vector<Projection>& projected, Saving saving,
           StepPlan& plan) {
  return Raising(body, steps, projected, saving, plan).run();
}

}  // namespace reel::passes
