#include "passes/residuals/min_cut.h"

#include <algorithm>

namespace reel::passes {

MinCut::MinCut() : edges_(2) {}

int MinCut::add_node() {
  edges_.emplace_back();
  return static_cast<int>(edges_.size()) - 1;
}

void MinCut::add_edge(int from, int to, std::int64_t capacity) {
  edges_[from].push_back({to, capacity, static_cast<int>(edges_[to].size())});
  edges_[to].push_back({from, 0, static_cast<int>(edges_[from].size()) - 1});
}

/// Augments along shortest paths until there is none (Edmonds and Karp 1972).
std::vector<bool> MinCut::source_side() {
  while (true) {
    // How each node was reached: from where, and by which of the edges there.
    std::vector<std::pair<int, int>> reached(edges_.size(), {-1, -1});
    std::vector<int> queue{source()};
    reached[source()] = {source(), -1};
    for (std::size_t next = 0; next < queue.size() && reached[sink()].first < 0; ++next) {
      const auto node = queue[next];
      for (std::size_t i = 0; i < edges_[node].size(); ++i) {
        const auto& edge = edges_[node][i];
        if (edge.left == 0 || reached[edge.to].first >= 0) continue;
        reached[edge.to] = {node, static_cast<int>(i)};
        queue.push_back(edge.to);
      }
    }
    if (reached[sink()].first < 0) {
      std::vector<bool> side(edges_.size());
      for (auto node : queue) side[node] = true;
      return side;
    }
    auto flow = unlimited;
    for (int node = sink(); node != source(); node = reached[node].first)
      flow = std::min(flow, edges_[reached[node].first][reached[node].second].left);
    for (int node = sink(); node != source(); node = reached[node].first) {
      auto& edge = edges_[reached[node].first][reached[node].second];
      edge.left -= flow;
      edges_[node][edge.back].left += flow;
    }
  }
}

}  // namespace reel::passes
