#include "passes/value_cut.h"

#include <algorithm>

#include "search_limits.h"

namespace reel::passes {

void ValueCut::add(NodeId id, std::int64_t to_keep, std::int64_t to_compute) {
  const auto [in, out] = places_[id] = {cut_.add_node(), cut_.add_node()};
  cut_.add_edge(in, out, to_keep);
  cut_.add_edge(cut_.source(), in, to_compute);
}

void ValueCut::reads(NodeId id, NodeId input) {
  cut_.add_edge(places_.at(input).out, places_.at(id).in, MinCut::unlimited);
}

void ValueCut::is_as(NodeId id, NodeId other) {
  cut_.add_edge(places_.at(other).out, places_.at(id).out, MinCut::unlimited);
}

void ValueCut::use(NodeId id) { cut_.add_edge(places_.at(id).out, cut_.sink(), MinCut::unlimited); }

bool ValueCut::run(const std::string& what, limits::Met& met) {
  const auto side =
      cut_.source_side(limits::most_looks_at_an_edge * std::max(cut_.edge_count(), limits::many_edges));
  if (side)
    is_with_source_ = *side;
  else
    met.push_back(what + " is all kept: the least is not found by looking " +
                  std::to_string(limits::most_looks_at_an_edge) + " times at each way through it");
  return side.has_value();
}

}  // namespace reel::passes
