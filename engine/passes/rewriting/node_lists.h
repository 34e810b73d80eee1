#pragma once
#include <reel/tape.h>

namespace reel::passes {

/// Nodes of a tape in lists, in one piece of memory: there may be as many lists as nodes.
class NodeLists {
 public:
  NodeLists() = default;
  /// `list_of(id)` is the list that a node is in, below `count`; -1 where it is in none. Lists are in the
  /// order of the tape.
  template <class ListOf>
  NodeLists(std::size_t count, NodeId nodes, const ListOf& list_of) : first_(count + 1) {
    for (NodeId id = 0; id < nodes; ++id)
      if (const auto list = list_of(id); list >= 0) ++first_[static_cast<std::size_t>(list) + 1];
    for (std::size_t i = 1; i <= count; ++i) first_[i] += first_[i - 1];
    nodes_.resize(first_.back());
    auto next = first_;
    for (NodeId id = 0; id < nodes; ++id)
      if (const auto list = list_of(id); list >= 0) nodes_[next[static_cast<std::size_t>(list)]++] = id;
  }

  std::size_t size() const { return first_.empty() ? 0 : first_.size() - 1; }
  Span<const NodeId> operator[](std::size_t list) const {
    return {nodes_.data() + first_[list], first_[list + 1] - first_[list]};
  }

 private:
  std::vector<std::size_t> first_;  // node of each list
  std::vector<NodeId> nodes_;
};

}  // namespace reel::passes
