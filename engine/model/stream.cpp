#include <reel/stream.h>

#include "record/record_step.h"

namespace reel::structure {

Array host_values(const Tensor& literal, ElementType element) {
  check_usable("host_state", literal);
  const auto& leaf = literal.leaf();
  if (!leaf || !leaf->value)
    throw Error("[host_state] a state of literals is wanted, such as cell.initial_state(batch), not " +
                describe(literal));
  const auto own = leaf->is_flag ? ElementType::boolean : element;
  return Array({leaf->element.value_or(own), leaf->shape}, *leaf->value);
}

Tensors handed_on(const Tensors& before, const Tensors& after, const std::vector<std::string>& names) {
  UnrollOptions options;
  options.state_names = names;
  return checked_state(destination("Stream", before), before, after, options);
}

}  // namespace reel::structure
