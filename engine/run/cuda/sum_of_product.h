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

/// Finds them in a plan.
class SumsOfProducts {
 public:
  explicit SumsOfProducts(const plan::Plan& plan);

  /// Whether work `i`, an operation by itself, and the work behind it are that: of one shape, and nobody else
  /// reads the product; and the sum may be written while the product's operands are read.
  std::optional<SumOfProduct> at(std::size_t i) const;

 private:
  bool may_overlap(const plan::Address& written, const plan::Address& read) const;

  const plan::Plan& plan_;
  std::vector<int> uses_;        // of each buffer of the arena: how often the plan names it
  std::vector<bool> ends_loop_;  // of each piece of work: whether a loop ends before it
};

}  // namespace reel::cuda
