#include "passes/split/sink.h"

#include <reel/structural.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "passes/value_cut.h"
#include "tape/users.h"

namespace reel::passes {

namespace {

class Sinking {
 public:
  Sinking(const Body& body, const StepGroups& groups, const std::vector<bool>& is_result,
          std::vector<std::int32_t>& loop_of)
      : tape_(*body.tape),
        groups_(groups),
        is_result_(is_result),
        loop_of_(loop_of),
        users_(tape_, [&](NodeId id) { return groups.is_live(id); }) {}

  void run(limits::Met& met) {
    const auto values =
        NodeLists::by(groups_.components.size(), tape_.size(), [&](NodeId id) { return loop_of_[id]; });
    for (std::size_t loop = 0; loop < values.size(); ++loop) {
      const auto own = of_this_loop_alone(static_cast<std::int32_t>(loop), values[loop]);
      if (!own.empty()) sink(static_cast<std::int32_t>(loop), own, met);
    }
  }

 private:
  /// What it takes to store and read a value: repeated, no more than what is repeated.
  std::int64_t bytes(NodeId id) const {
    while (tape_.node(id).operation == &broadcast_operation()) id = tape_.inputs(id)[0];
    return static_cast<std::int64_t>(tape_.node(id).type.bytes());
  }

  bool may_sink(NodeId id) const {
    if (!groups_.is_live(id) || loop_of_[id] >= 0 || is_result_[id]) return false;
    if (tape_.inputs(id).empty() || users_[id].empty()) return false;
    const auto& operation = *tape_.node(id).operation;
    // Repeating what does not vary costs nothing within a step; anything else is better done once.
    if (!groups_[id].varies) return &operation == &broadcast_operation();
    return operation.is_layout() || operation.kind == Kind::map;
  }

  /// What may sink and is read by the loop, or by what is, and by nobody else. From the last to the first.
  std::vector<NodeId> of_this_loop_alone(std::int32_t loop, Span<const NodeId> values) const {
    std::set<NodeId> pending, own;
    for (auto id : values) pending.insert(tape_.inputs(id).begin(), tape_.inputs(id).end());
    while (!pending.empty()) {
      // Whoever reads it stands behind it, and is decided.
      const auto last = std::prev(pending.end());
      const auto id = *last;
      pending.erase(last);
      const auto reads = [&](NodeId user) { return loop_of_[user] == loop || own.count(user) > 0; };
      if (!may_sink(id) || !std::all_of(users_[id].begin(), users_[id].end(), reads)) continue;
      own.insert(id);
      pending.insert(tape_.inputs(id).begin(), tape_.inputs(id).end());
    }
    return {own.rbegin(), own.rend()};
  }

  /// What it takes to have, at every step, what is not the loop's alone. A map need not be stored where all
  /// that reads it comes before the loop: one pass does both. Everything else is there.
  std::int64_t price_of_others(NodeId id, std::int32_t loop) const {
    if (!groups_[id].varies || loop_of_[id] >= 0 || is_result_[id]) return 0;
    if (tape_.node(id).operation->kind != Kind::map) return 0;
    const bool is_stored = std::any_of(users_[id].begin(), users_[id].end(), [&](NodeId user) {
      return loop_of_[user] >= 0 || groups_[user].stage >= groups_.of_component[loop].stage;
    });
    return is_stored ? 0 : bytes(id);
  }

  void sink(std::int32_t loop, const std::vector<NodeId>& own, limits::Met& met) {
    const auto in_loop = [&](NodeId user) { return loop_of_[user] == loop; };
    ValueCut cut;
    for (auto id : own) {
      cut.add(id, bytes(id), 0);
      if (std::any_of(users_[id].begin(), users_[id].end(), in_loop)) cut.use(id);
    }
    for (auto id : own)
      for (auto input : tape_.inputs(id)) {
        if (!cut.has(input)) cut.add(input, price_of_others(input, loop), MinCut::unlimited);
        cut.reads(id, input);
      }
    if (!cut.run("what a loop reads of " + std::to_string(own.size()) + " nodes before it", met)) return;
    // What a kept one reads as well stays outside with it.
    for (auto id : own)
      if (cut.is_computed(id) && std::all_of(users_[id].begin(), users_[id].end(), in_loop))
        loop_of_[id] = loop;
  }

  const Tape& tape_;
  const StepGroups& groups_;
  const std::vector<bool>& is_result_;
  std::vector<std::int32_t>& loop_of_;
  const Users users_;
};

}  // namespace

void sink(const Body& body, const StepGroups& groups, const std::vector<bool>& is_result,
          std::vector<std::int32_t>& loop_of, limits::Met& met) {
  Sinking(body, groups, is_result, loop_of).run(met);
}

}  // namespace reel::passes
