#pragma once
#include <reel/record.h>
#include <reel/structural.h>

/// What sums and products of many elements have in common: they are floating or int64.
namespace reel {

/// Throws RecordError for an operand that would have to be cast before.
inline void check_summed(const TensorType& x) {
  if (x.element != summed_type(x.element)) throw RecordError("operands must be floating or int64");
}

/// Operand `i` as sums and products take it: integers and bools as int64.
inline Tensor summable(const std::string& operation, const Tensors& operands, std::size_t i = 0) {
  check_usable(operation, operands);
  const auto& x = operands[i];
  const auto own = x.own_element();
  if (!own || *own == summed_type(*own)) return x;
  return cast(bring(destination(operation, operands), x, operation), summed_type(*own));
}

}  // namespace reel
