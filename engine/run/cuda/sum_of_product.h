#pragma once
#include <optional>

#include "plan/plan.h"

namespace reel::cuda {

/// A product and the pass behind it that does nothing but add something to it: a library for products does
/// both at once.
struct SumOfProduct {
  plan::Address addend, sum;
  /// How the product's kernel is asked for with the sum, or the addend, in the place of its result.
  KernelRequest with_sum, with_addend;
};

/// Whether work `i`, an operation by itself, and the work behind it are that: of one shape, and nobody else
/// reads the product; and the sum may be written while the product's operands are read.
std::optional<SumOfProduct> sum_of_product(const plan::Plan& plan, std::size_t i);

}  // namespace reel::cuda
