#include "passes/products/padded_sums.h"

#include <algorithm>
#include <map>
#include <set>

#include "tape/users.h"

namespace reel::passes {

using NodeIds = std::vector<NodeId>;

NodeIds terms_of(const Draft& draft, NodeId total, const std::function<bool(NodeId)>& is_inner) {
  NodeIds terms, pending{total};
  while (!pending.empty()) {
    const auto id = pending.back();
    pending.pop_back();
    const bool is_sum = id == total || (draft.is(id, add_operation()) && is_inner(id));
    if (!is_sum) {
      terms.push_back(id);
      continue;
    }
    const auto inputs = draft.inputs(id);
    pending.push_back(inputs[1]);
    pending.push_back(inputs[0]);
  }
  return terms;
}

void remove_terms(const NodeIds& gone, NodeIds& terms) {
  const std::set<NodeId> all(gone.begin(), gone.end());
  const auto is_gone = [&](NodeId term) { return all.count(term) > 0; };
  terms.erase(std::remove_if(terms.begin(), terms.end(), is_gone), terms.end());
}

void join_pads(Draft& draft, NodeIds& terms) {
  std::map<int, NodeIds> by_axis;
  const auto pad = [&](NodeId id) { return Pad::of(draft.node(id)); };
  for (auto id : terms)
    if (draft.is(id, pad_operation()) && !pad(id).is_spread()) by_axis[pad(id).axis].push_back(id);
  for (auto& [axis, pads] : by_axis) {
    std::sort(pads.begin(), pads.end(), [&](NodeId a, NodeId b) { return pad(a).before < pad(b).before; });
    NodeIds parts;
    std::int64_t covered = 0;
    for (auto id : pads) {
      if (pad(id).before != covered) break;
      parts.push_back(draft.inputs(id)[0]);
      covered = pad(id).end(draft.shape(id));
    }
    if (parts.size() < 2 || parts.size() != pads.size() || covered != draft.shape(pads[0])[axis]) continue;
    remove_terms(pads, terms);
    terms.push_back(draft.concat(parts, axis));
  }
}

void join_pads(Draft& draft, const NodeIds& outputs) {
  const Users users(draft.tape(), outputs);
  const auto is_inner = [&](NodeId id) {
    return users[id].size() == 1 && users[id][0] >= 0 && draft.is(users[id][0], add_operation());
  };
  for (NodeId id = 0; id < draft.size(); ++id) {
    if (!draft.is(id, add_operation()) || is_inner(id)) continue;
    auto terms = terms_of(draft, id, is_inner);
    const auto count = terms.size();
    draft.set_origin_of(id);
    join_pads(draft, terms);
    if (terms.size() != count) draft.replace(id, draft.add(terms));
  }
}

}  // namespace reel::passes
