#pragma once
#include "met_limits.h"
#include "passes/simplify/simplify.h"

namespace reel::passes {

/// Rewrites the products of a step so that as few as possible are left in the loops it will be split into,
/// and those large: products that share an operand become one; a product of a concat is split where its parts
/// belong on different sides of a loop; sums of products become one product.
void rewrite_products(WantedStep& step, limits::Met& met);

/// Products outside of unrolls that share an operand become one, where little must be moved for it; those of
/// a concat are split where their results are smaller than it.
void merge_products(Wanted& wanted, limits::Met& met);

}  // namespace reel::passes
