#include <philox.h>

#include <algorithm>

#include "kernels.h"
#include "views.h"

namespace reel::reference {

/// The key of the generator is made of seed, node and run; its counter is the element's block and the step.
void uniform(const KernelCall& call) {
  const auto each = type_from(call.attributes).shape.size();
  const auto streams = each == 0 ? 0 : call.output.shape().size() / each;
  const Shape& shape = call.output.shape();
  const int position_rank = shape.rank() - type_from(call.attributes).shape.rank();
  const auto node = combined(static_cast<Bits64>(call.attributes.integer("seed")),
                             static_cast<Bits64>(call.attributes.integer("key")));
  const auto key = stream_key(node, static_cast<Bits64>(*call.inputs[0].as<std::int64_t>()));

  // The position that operand `x` gives stream `s`, as broadcast to the leading axes of the result.
  const auto position_of = [&](const ConstView& x, std::int64_t s) {
    const auto* positions = x.as<std::int64_t>();
    std::int64_t at = 0, stride = 1;
    for (int back = 1; back <= position_rank; ++back) {
      const auto extent = shape[position_rank - back], i = s % extent;
      s /= extent;
      if (back > x.shape().rank()) continue;
      const auto own = x.shape()[x.shape().rank() - back];
      if (own != 1) at += i * stride;
      stride *= own;
    }
    return static_cast<Bits64>(positions[at]);
  };

  const auto fill = [&](auto zero) {
    using T = decltype(zero);
    T* y = call.output.as<T>();
    for (std::int64_t s = 0; s < streams; ++s) {
      Bits64 step = call.inputs.size() > 1 ? position_of(call.inputs[1], s) : 0;
      for (std::size_t i = 2; i < call.inputs.size(); ++i)
        step = combined(step, position_of(call.inputs[i], s));
      constexpr std::int64_t size = Uniform<T>::per_block;
      for (std::int64_t first = 0; first < each; first += size) {
        const auto words = stream_block(static_cast<Bits64>(first / size), step, key);
        for (std::int64_t i = 0; i < std::min(size, each - first); ++i)
          y[s * each + first + i] = Uniform<T>::value(words, static_cast<int>(i));
      }
    }
  };
  if (call.output.type->element == ElementType::float32)
    fill(float{});
  else
    fill(double{});
}

}  // namespace reel::reference
