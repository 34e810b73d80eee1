#include "passes/products/sharing.h"

#include <algorithm>
#include <map>

// Products that are merged wait for the operands of all of them, so none may be computed from another, and
// two groups must not wait for each other. Products behind equally many others cannot: all groups of such are
// merged at once. Of the rest groups that lie one behind the other on the tape.

namespace reel::passes {

namespace {

using NodeIds = std::vector<NodeId>;

/// For each node, how many products one behind the other it takes to compute it.
std::vector<std::int32_t> depths_of(const Draft& draft) {
  std::vector<std::int32_t> depths(draft.size());
  for (NodeId id = 0; id < draft.size(); ++id) {
    for (auto input : draft.inputs(id)) depths[id] = std::max(depths[id], depths[input]);
    depths[id] += draft.is(id, matmul_operation());
  }
  return depths;
}

/// Takes out those that are computed from others.
void keep_independent(const Draft& draft, Sharing& group) {
  auto& products = group.products;
  const auto first = products.front().id;
  std::vector<bool> depends(products.back().id - first + 1);
  std::vector<Product> independent;
  auto next = products.begin();
  for (NodeId id = first; next != products.end(); ++id) {
    const auto inputs = draft.inputs(id);
    depends[id - first] = std::any_of(inputs.begin(), inputs.end(),
                                      [&](NodeId input) { return input >= first && depends[input - first]; });
    if (id != next->id) continue;
    if (!depends[id - first]) independent.push_back(*next);
    depends[id - first] = true;
    ++next;
  }
  products = std::move(independent);
}

/// One product of the shared operand and a concat, and its slices in place of the products.
void merge(Draft& draft, const Sharing& group) {
  const auto& first = group.products[0];
  const auto axis = group.axis();
  NodeIds parts;
  for (const auto& product : group.products) parts.push_back(product.operand[group.other()]);
  draft.set_origin_of(first.id);
  const auto joined = draft.concat(parts, axis), common = first.operand[group.shared];
  const auto whole =
      draft.multiply(first, group.shared == 0 ? common : joined, group.shared == 0 ? joined : common);
  std::int64_t start = 0;
  for (const auto& product : group.products) {
    const auto stop = start + draft.shape(product.operand[group.other()])[axis];
    draft.replace(product.id, draft.slice(whole, {product.result_axis(group.other(), axis), start, stop}));
    start = stop;
  }
}

/// All groups of products for which `depth_of` and `place_of` are the same and that share an operand, by
/// their first.
template <class DepthOf>
std::vector<Sharing> find_sharing(const std::vector<Product>& products,
                                  const std::function<StepGroup::Key(NodeId)>& place_of,
                                  const DepthOf& depth_of) {
  std::vector<Sharing> sharings;
  for (int shared = 0; shared < 2; ++shared) {
    using Common = std::tuple<NodeId, std::string, std::string, StepGroup::Key, std::int32_t>;
    std::map<Common, std::size_t> known;
    for (const auto& product : products) {
      if (product.only_axis(1 - shared, Product::own_role(1 - shared)) < 0) continue;
      const Common common{product.operand[shared], product.roles[0], product.roles[1], place_of(product.id),
                          depth_of(product.id)};
      const auto [entry, added] = known.emplace(common, sharings.size());
      if (added) sharings.push_back({shared, {}});
      sharings[entry->second].products.push_back(product);
    }
  }
  std::stable_sort(sharings.begin(), sharings.end(), [](const Sharing& a, const Sharing& b) {
    return a.products.front().id < b.products.front().id;
  });
  return sharings;
}

}  // namespace

void merge_sharing(Draft& draft, const std::vector<Product>& products,
                   const std::function<StepGroup::Key(NodeId)>& place_of,
                   const std::function<bool(const Sharing&)>& is_worth_it) {
  const auto depths = depths_of(draft);
  for (auto& group : find_sharing(products, place_of, [&](NodeId id) { return depths[id]; })) {
    auto& left = group.products;
    const auto is_merged = [&](const Product& product) { return draft.is_replaced(product.id); };
    left.erase(std::remove_if(left.begin(), left.end(), is_merged), left.end());
    if (left.size() >= 2 && is_worth_it(group)) merge(draft, group);
  }
  if (draft.is_changed()) return;
  NodeId last = -1;
  for (auto& group : find_sharing(products, place_of, [](NodeId) { return 0; })) {
    if (group.products.size() < 2 || group.products.front().id <= last || !is_worth_it(group)) continue;
    keep_independent(draft, group);
    if (group.products.size() < 2) continue;
    last = group.products.back().id;
    merge(draft, group);
  }
}

}  // namespace reel::passes
