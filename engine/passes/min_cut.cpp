#include "passes/min_cut.h"

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
  edge_count_ += 2;
}

/// How many edges it is to each node; -1 where there is no way, or none shorter than that to the sink.
std::vector<int> MinCut::distances() {
  std::vector<int> distance(edges_.size(), -1);
  std::vector<int> queue{source()};
  distance[source()] = 0;
  for (std::size_t next = 0; next < queue.size() && distance[sink()] < 0; ++next) {
    const auto node = queue[next];
    looks_ += edges_[node].size();
    for (const auto& edge : edges_[node]) {
      if (edge.left == 0 || distance[edge.to] >= 0) continue;
      distance[edge.to] = distance[node] + 1;
      queue.push_back(edge.to);
    }
  }
  return distance;
}

/// Sends along ways on which each node is further than the one before as much as they take.
void MinCut::fill_ways(const std::vector<int>& distance) {
  std::vector<std::size_t> next(edges_.size(), 0);  // edge to try, of each node
  std::vector<int> way{source()};                   // nodes
  while (!way.empty()) {
    const auto node = way.back();
    if (node == sink()) {
      auto flow = unlimited;
      for (std::size_t i = 0; i + 1 < way.size(); ++i)
        flow = std::min(flow, edges_[way[i]][next[way[i]]].left);
      std::size_t first_full = way.size();
      for (std::size_t i = way.size() - 1; i-- > 0;) {
        auto& edge = edges_[way[i]][next[way[i]]];
        edge.left -= flow;
        edges_[edge.to][edge.back].left += flow;
        if (edge.left == 0) first_full = i;
      }
      looks_ += way.size();
      way.resize(first_full + 1);
      continue;
    }
    auto& at = next[node];
    const auto& edges = edges_[node];
    while (at < edges.size() && (edges[at].left == 0 || distance[edges[at].to] != distance[node] + 1)) ++at;
    ++looks_;
    if (at < edges.size()) {
      way.push_back(edges[at].to);
      continue;
    }
    way.pop_back();
    if (!way.empty()) ++next[way.back()];
  }
}

/// By ways of the same length at once, shorter ones first (Dinic 1970).
std::optional<std::vector<bool>> MinCut::source_side(std::size_t most_looks) {
  while (true) {
    const auto distance = distances();
    if (distance[sink()] < 0) {
      std::vector<bool> side(edges_.size());
      for (std::size_t node = 0; node < side.size(); ++node) side[node] = distance[node] >= 0;
      return side;
    }
    fill_ways(distance);
    if (looks_ > most_looks) return std::nullopt;
  }
}

}  // namespace reel::passes
