#pragma once
#include <functional>

#include "passes/rewriting/draft.h"

namespace reel::passes {

/// The terms of a sum: what is added up in it, and in those of its terms that are sums and `is_inner`.
std::vector<NodeId> terms_of(const Draft& draft, NodeId total, const std::function<bool(NodeId)>& is_inner);

void remove_terms(const std::vector<NodeId>& gone, std::vector<NodeId>& terms);

/// Pads among terms that fill each other's gaps, as the adjoints of slices do, become one term, a concat.
void join_pads(Draft& draft, std::vector<NodeId>& terms);

/// The same of all sums of a tape that is no step.
void join_pads(Draft& draft, const std::vector<NodeId>& outputs);

}  // namespace reel::passes
