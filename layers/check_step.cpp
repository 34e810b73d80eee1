#include <reel/check_step.h>
#include <reel/record.h>

namespace reel {

namespace {

bool fits(const Tensor& tensor, const Shape& batch, std::int64_t size) {
  return tensor.shape() == batch.with_axis(batch.rank(), size);
}

}  // namespace

void check_step(const std::string& cell, const Tensor& x, std::int64_t input,
                const std::vector<StatePart>& state) {
  Tensors operands{x};
  for (const auto& part : state) operands.push_back(part.value);
  check_usable(cell, operands);
  const auto batch = x.rank() == 0 ? Shape{} : x.shape().without_axis(x.rank() - 1);
  bool all_fit = x.rank() <= 2 && fits(x, batch, input);
  std::string wanted;
  for (const auto& [value, units] : state) {
    all_fit = all_fit && fits(value, batch, units);
    const auto shape = "[batch, " + std::to_string(units) + "]";
    if (wanted.find(shape) == std::string::npos) wanted += (wanted.empty() ? "" : " and ") + shape;
  }
  if (!all_fit)
    refuse(cell,
           "a step takes x [batch, " + std::to_string(input) + "] and a state " + wanted +
               " of the same batch; a sequence is [time, batch, " + std::to_string(input) +
               "]: time comes first",
           operands);
}

}  // namespace reel
