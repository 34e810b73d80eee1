#include "passes/products/scalings.h"

#include <cmath>

namespace reel::passes {

namespace {

/// The same number everywhere, finite and not 0: others may turn elements of the product into what a sum of
/// scaled terms is not.
bool is_factor(const Draft& draft, NodeId id) {
  if (!draft.is(id, fill_operation())) return false;
  const double value = draft.node(id).attributes.real("value");
  return std::isfinite(value) && value != 0;
}

}  // namespace

void move_scalings(Draft& draft, const Users& users, const std::vector<bool>& is_result,
                   const std::function<bool(NodeId)>& is_fixed) {
  for (NodeId id = 0; id < draft.size(); ++id) {
    const auto& map = *draft.node(id).operation;
    if (map.kind != Kind::map || (users[id].empty() && !is_result[id])) continue;
    for (const auto& linear : map.algebra.linear) {
      const auto operands = draft.inputs(id);
      const auto scaled = linear[0];
      const auto product = operands[scaled];
      if (linear.size() != 1 || !draft.is(product, matmul_operation()) || users[product].size() != 1 ||
          is_result[product] || draft.node(id).type.element != draft.node(product).type.element)
        continue;
      bool is_scaling = true;
      for (std::size_t i = 0; i < operands.size(); ++i)
        is_scaling = is_scaling && (i == scaled || is_factor(draft, operands[i]));
      const auto factors = draft.inputs(product);
      // Steps that share what is the same for all; few, since nobody knows here.
      constexpr std::int64_t steps = 16;
      const auto size = [&](NodeId factor) {
        const bool is_shared = is_fixed(factor) && !is_fixed(product);
        return draft.shape(factor).size() / (is_shared ? steps : 1);
      };
      const int side = size(factors[0]) <= size(factors[1]) ? 0 : 1;
      if (!is_scaling || size(factors[side]) >= draft.shape(product).size()) continue;
      draft.set_origin_of(id);
      auto both = Draft::NodeIds(factors.begin(), factors.end());
      auto inputs = Draft::NodeIds(operands.begin(), operands.end());
      for (auto& input : inputs)
        input = input == product ? both[side] : draft.fill_like(input, draft.shape(both[side]));
      both[side] = draft.append(map, inputs, draft.node(id).attributes);
      draft.replace(id, draft.append(matmul_operation(), both, draft.node(product).attributes));
      break;
    }
  }
}

}  // namespace reel::passes
