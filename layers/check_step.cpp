#include <reel/check_step.h>
#include <reel/record.h>

namespace reel {

namespace {

bool fits(const Tensor& tensor, const Shape& batch, std::int64_t size) {
  return tensor.shape() == batch.with_axis(batch.rank(), size);
}

}  // namespace

void check_step(const std::string& cell, const Tensor& x, std::int64_t input, const Tensors& state,
                std::int64_t hidden) {
  Tensors operands{x};
  operands.insert(operands.end(), state.begin(), state.end());
  check_usable(cell, operands);
  const auto batch = x.rank() == 0 ? Shape{} : x.shape().without_axis(x.rank() - 1);
  bool all_fit = x.rank() <= 2 && fits(x, batch, input);
  for (const auto& s : state) all_fit = all_fit && fits(s, batch, hidden);
  if (!all_fit)
    refuse(cell,
           "a step takes x [batch, " + std::to_string(input) + "] and a state [batch, " +
               std::to_string(hidden) + "] of the same batch; a sequence is [time, batch, " +
               std::to_string(input) + "]: time comes first",
           operands);
}

}  // namespace reel
