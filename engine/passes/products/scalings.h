#pragma once
#include <functional>

#include "passes/rewriting/draft.h"
#include "tape/users.h"

namespace reel::passes {

/// c (A B) -> (c A) B where that scales less: A is smaller than the product, or it is the same at all steps
/// while the product is not. By the declared algebra: any map that is linear in the product while its other
/// operands are the same finite number, not 0, everywhere.
///
/// `users` of each node; `is_fixed`: whether a node is the same at all steps.
void move_scalings(Draft& draft, const Users& users, const std::vector<bool>& is_result,
                   const std::function<bool(NodeId)>& is_fixed);

}  // namespace reel::passes
