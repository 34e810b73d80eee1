#include "passes/min_cut.h"

#include <algorithm>

namespace reel::passes {

MinCut::MinCut() : first_(2, -1) {}

int MinCut::add_node() {
  first_.push_back(-1);
  return static_cast<int>(first_.size()) - 1;
}

void MinCut::add_edge(int from, int to, std::int64_t capacity) {
  const auto number = static_cast<int>(edges_.size());
  edges_.push_back({to, first_[from], capacity});
  first_[from] = number;
  edges_.push_back({from, first_[to], 0});
  first_[to] = number + 1;
}

/// How many edges it is to each node; -1 where there is no way, or none shorter than that to the sink.
std::vector<int> MinCut::distances() {
  std::vector<int> distance(first_.size(), -1);
  std::vector<int> queue{source()};
  distance[source()] = 0;
  for (std::size_t next = 0; next < queue.size() && distance[sink()] < 0; ++next) {
    const auto node = queue[next];
    for (auto number = first_[node]; number >= 0; number = edges_[number].next) {
      const auto& edge = edges_[number];
      ++looks_;
      if (edge.left == 0 || distance[edge.to] >= 0) continue;
      distance[edge.to] = distance[node] + 1;
      queue.push_back(edge.to);
    }
  }
  return distance;
}

/// Sends along ways on which each node is further than the one before as much as they take, or stops where it
/// has looked too often.
void MinCut::fill_ways(const std::vector<int>& distance, std::size_t most_looks) {
  auto next = first_;              // edge to try, of each node
  std::vector<int> way{source()};  // nodes
  while (!way.empty() && looks_ <= most_looks) {
    const auto node = way.back();
    if (node == sink()) {
      auto flow = unlimited;
      for (std::size_t i = 0; i + 1 < way.size(); ++i) flow = std::min(flow, edges_[next[way[i]]].left);
      std::size_t first_full = way.size();
      for (std::size_t i = way.size() - 1; i-- > 0;) {
        const auto number = next[way[i]];
        edges_[number].left -= flow;
        edges_[number ^ 1].left += flow;
        if (edges_[number].left == 0) first_full = i;
      }
      looks_ += way.size();
      way.resize(first_full + 1);
      continue;
    }
    auto& at = next[node];
    while (at >= 0 && (edges_[at].left == 0 || distance[edges_[at].to] != distance[node] + 1))
      at = edges_[at].next;
    ++looks_;
    if (at >= 0) {
      way.push_back(edges_[at].to);
      continue;
    }
    way.pop_back();
    if (!way.empty()) next[way.back()] = edges_[next[way.back()]].next;
  }
}

/// By ways of the same length at once, shorter ones first (Dinic 1970).
std::optional<std::vector<bool>> MinCut::source_side(std::size_t most_looks) {
  while (true) {
    const auto distance = distances();
    if (distance[sink()] < 0) {
      std::vector<bool> side(first_.size());
      for (std::size_t node = 0; node < side.size(); ++node) side[node] = distance[node] >= 0;
      return side;
    }
    fill_ways(distance, most_looks);
    if (looks_ > most_looks) return std::nullopt;
  }
}

}  // namespace reel::passes
