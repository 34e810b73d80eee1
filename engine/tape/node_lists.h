#pragma once
#include <reel/tape.h>

namespace reel {

/// Nodes of a tape in lists, in one piece of memory: there may be as many lists as nodes.
class NodeLists {
 public:
  NodeLists() = default;
  /// `for_each(add)` calls `add(list, id)`, the list being below `count`, for all that is in any; twice, and
  /// the same each time. That is the order in a list.
  template <class ForEach>
  NodeLists(std::size_t count, const ForEach& for_each) : first_(count + 1) {
    for_each([&](auto list, NodeId) { ++first_[static_cast<std::size_t>(list) + 1]; });
    for (std::size_t i = 1; i <= count; ++i) first_[i] += first_[i - 1];
    nodes_.resize(first_.back());
    auto next = first_;
    for_each([&](auto list, NodeId id) { nodes_[next[static_cast<std::size_t>(list)]++] = id; });
  }
  /// The first `nodes` nodes of a tape by the list that each is in; -1 of one that is in none.
  template <class ListOf>
  static NodeLists by(std::size_t count, NodeId nodes, const ListOf& list_of) {
    return {count, [&](const auto& add) {
              for (NodeId id = 0; id < nodes; ++id)
                if (const auto list = list_of(id); list >= 0) add(list, id);
            }};
  }

  std::size_t size() const { return first_.empty() ? 0 : first_.size() - 1; }
  Span<const NodeId> operator[](std::size_t list) const {
    return {nodes_.data() + first_[list], first_[list + 1] - first_[list]};
  }

 private:
  std::vector<std::size_t> first_;  // node of each list
  std::vector<NodeId> nodes_;
};

}  // namespace reel
