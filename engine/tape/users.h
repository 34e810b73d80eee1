#pragma once
#include "tape/node_lists.h"

namespace reel {

/// Who reads the nodes of a tape, as often as they do, in the order of the tape.
class Users {
 public:
  /// Of all nodes that `counts` is true for. Who is not on the tape, and reads `outside`, is -1.
  template <class Counts>
  Users(const Tape& tape, const Counts& counts, const std::vector<NodeId>& outside = {})
      : lists_(static_cast<std::size_t>(tape.size()), [&](const auto& add) {
          for (NodeId id = 0; id < tape.size(); ++id) {
            if (!counts(id)) continue;
            for (auto input : tape.inputs(id)) add(input, id);
          }
          for (auto id : outside) add(id, -1);
        }) {}
  explicit Users(const Tape& tape, const std::vector<NodeId>& outside = {})
      : Users(
            tape, [](NodeId) { return true; }, outside) {}

  Span<const NodeId> operator[](NodeId id) const { return lists_[static_cast<std::size_t>(id)]; }

 private:
  NodeLists lists_;
};

}  // namespace reel
