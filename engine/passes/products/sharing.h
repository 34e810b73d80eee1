#pragma once
#include <functional>

#include "passes/rewriting/draft.h"
#include "passes/split/step_groups.h"

namespace reel::passes {

/// Products with one operand in common, on side `shared`, in the order of the tape.
struct Sharing {
  int shared;
  std::vector<Product> products;

  int other() const { return 1 - shared; }
  int axis() const { return products[0].only_axis(other(), Product::own_role(other())); }
};

/// x A, x B -> x [A B], and A x, B x likewise: for products of one place, by `place_of`, of which
/// `is_worth_it` is true. What must wait for what this makes is done by the next call.
void merge_sharing(Draft& draft, const std::vector<Product>& products,
                   const std::function<StepGroup::Key(NodeId)>& place_of,
                   const std::function<bool(const Sharing&)>& is_worth_it);

}  // namespace reel::passes
