#pragma once
#include <cstdint>
#include <vector>

namespace reel::passes {

/// A network of which the cheapest cut between a source and a sink is sought.
class MinCut {
 public:
  static constexpr std::int64_t unlimited = std::int64_t{1} << 60;

  MinCut();
  int source() const { return 0; }
  int sink() const { return 1; }
  int add_node();
  void add_edge(int from, int to, std::int64_t capacity);
  /// For each node whether it is on the side of the source; as few as possible are.
  std::vector<bool> source_side();

 private:
  struct Edge {
    int to;
    std::int64_t left;
    int back;  // its opposite among the edges of `to`
  };
  std::vector<std::vector<Edge>> edges_;
};

}  // namespace reel::passes
