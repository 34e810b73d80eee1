#pragma once
#include <cstdint>
#include <optional>
#include <vector>

namespace reel::passes {

/// A network of which the cheapest cut between a source and a sink is sought.
class MinCut {
 public:
  static constexpr std::int64_t unlimited = std::int64_t{1} << 60;

  MinCut();
  int source() const { return 0; }
  int sink() const { return 1; }
  std::size_t edge_count() const { return edges_.size(); }
  int add_node();
  void add_edge(int from, int to, std::int64_t capacity);
  /// For each node whether it is on the side of the source; as few as possible are. None where that takes to
  /// look at edges more often than `most_looks`.
  std::optional<std::vector<bool>> source_side(std::size_t most_looks);

 private:
  struct Edge {
    int to, next;  // the next one from the same node, or -1
    std::int64_t left;
  };
  std::vector<int> distances();
  void fill_ways(const std::vector<int>& distance, std::size_t most_looks);

  std::vector<int> first_;   // edge from each node, or -1
  std::vector<Edge> edges_;  // an even one, and its opposite behind it
  std::size_t looks_ = 0;    // at an edge
};

}  // namespace reel::passes
