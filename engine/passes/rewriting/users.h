#pragma once
#include <reel/tape.h>

namespace reel::passes {

/// Who reads the nodes of a tape, as often as they do, in the order of the tape.
class Users {
 public:
  /// Of all nodes that `counts` is true for. Who is not on the tape, and reads `outside`, is -1.
  template <class Counts>
  Users(const Tape& tape, const Counts& counts, const std::vector<NodeId>& outside = {})
      : first_(static_cast<std::size_t>(tape.size()) + 1) {
    const auto for_each_use = [&](auto&& use) {
      for (NodeId id = 0; id < tape.size(); ++id) {
        if (!counts(id)) continue;
        for (auto input : tape.inputs(id)) use(input, id);
      }
      for (auto id : outside) use(id, -1);
    };
    for_each_use([&](NodeId read, NodeId) { ++first_[read + 1]; });
    for (std::size_t id = 1; id < first_.size(); ++id) first_[id] += first_[id - 1];
    users_.resize(first_.back());
    auto next = first_;
    for_each_use([&](NodeId read, NodeId user) { users_[next[read]++] = user; });
  }
  explicit Users(const Tape& tape, const std::vector<NodeId>& outside = {})
      : Users(
            tape, [](NodeId) { return true; }, outside) {}

  Span<const NodeId> operator[](NodeId id) const {
    return {users_.data() + first_[id], first_[id + 1] - first_[id]};
  }

 private:
  std::vector<std::size_t> first_;  // user of each node
  std::vector<NodeId> users_;
};

}  // namespace reel::passes
