#include "passes/split/sink.h"

#include <reel/structural.h>

#include <algorithm>
#include <set>

#include "passes/rewriting/users.h"

namespace reel::passes {

namespace {

class Sinking {
 public:
  Sinking(const Body& body, const StepGroups& groups, const std::vector<bool>& is_result)
      : tape_(*body.tape),
        groups_(groups),
        is_result_(is_result),
        sunk_(tape_.size(), -1),
        users_(tape_, [&](NodeId id) { return groups.is_live(id); }),
        is_sequence_(tape_.size()),
        read_(groups.components.size()) {
    for (auto id : body.sequences) is_sequence_[id] = true;
    for (NodeId id = 0; id < tape_.size(); ++id) {
      if (!groups.is_live(id)) continue;
      const auto loop = groups[id].loop;
      for (auto input : tape_.inputs(id))
        if (loop >= 0 && groups[input].loop != loop) read_[loop].insert(input);
    }
  }

  std::vector<std::int32_t> run() {
    // What has sunk may be what keeps another value outside.
    for (bool again = true; again;) {
      again = false;
      for (NodeId id = tape_.size() - 1; id >= 0; --id)
        if (sunk_[id] < 0 && groups_.is_live(id) && sink(id)) again = true;
    }
    return std::move(sunk_);
  }

 private:
  std::int64_t bytes(NodeId id) const { return static_cast<std::int64_t>(tape_.node(id).type.bytes()); }
  /// What it takes to read a value: repeated, no more than what is repeated.
  std::int64_t bytes_read(NodeId id) const {
    while (tape_.node(id).operation == &broadcast_operation()) id = tape_.inputs(id)[0];
    return bytes(id);
  }

  /// The loop that all users of a value are in, or -1.
  std::int32_t loop_of_users(NodeId id) const {
    std::int32_t loop = -1;
    for (auto user : users_[id]) {
      const auto own = sunk_[user] >= 0 ? sunk_[user] : groups_[user].loop;
      if (own < 0 || (loop >= 0 && own != loop)) return -1;
      loop = own;
    }
    return loop;
  }

  bool may_sink(NodeId id, std::int64_t added) const {
    const auto& operation = *tape_.node(id).operation;
    // Repeating what does not vary costs nothing within a step; anything else is better done once.
    if (!groups_[id].varies) return &operation == &broadcast_operation();
    // Little more to read, a value for each row perhaps, is less than to write the result.
    if (operation.is_layout() || (operation.kind == Kind::map && operation.cost == Cost::cheap))
      return added <= bytes(id) + bytes(id) / 8;
    // An expensive one of what is kept anyway: its result need not be.
    const auto inputs = tape_.inputs(id);
    const bool is_of_sequences = std::all_of(inputs.begin(), inputs.end(), [&](NodeId input) {
      return !groups_[input].varies || is_sequence_[input];
    });
    if (operation.kind == Kind::map && is_of_sequences) return added <= bytes(id);
    // What is much larger than what it is made of would have to be stored at every step.
    return operation.kind == Kind::map && much_larger * added <= bytes(id);
  }

  bool sink(NodeId id) {
    const auto inputs = tape_.inputs(id);
    if (groups_[id].loop >= 0 || is_result_[id] || inputs.empty() || users_[id].empty()) return false;
    const auto loop = loop_of_users(id);
    if (loop < 0) return false;
    auto& read = read_[loop];
    std::set<NodeId> added;
    for (auto input : inputs)
      if (groups_[input].varies && !read.count(input)) added.insert(input);
    std::int64_t added_bytes = 0;
    for (auto input : added) added_bytes += bytes_read(input);
    if (!may_sink(id, added_bytes)) return false;
    sunk_[id] = loop;
    read.erase(id);
    read.insert(inputs.begin(), inputs.end());
    return true;
  }

  static constexpr std::int64_t much_larger = 4;
  const Tape& tape_;
  const StepGroups& groups_;
  const std::vector<bool>& is_result_;
  std::vector<std::int32_t> sunk_;
  const Users users_;
  std::vector<bool> is_sequence_;
  std::vector<std::set<NodeId>> read_;  // by each loop, from outside
};

}  // namespace

std::vector<std::int32_t> find_sunk(const Body& body, const StepGroups& groups,
                                    const std::vector<bool>& is_result) {
  return Sinking(body, groups, is_result).run();
}

}  // namespace reel::passes
