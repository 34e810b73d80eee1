#include <philox.h>
#include "kernels.h"
#include "views.h"

namespace reel::reference {

namespace {

/// Element `i` of a stream: 24 bits of one word, or 53 of two.
template <class T>
struct Uniform {
  static constexpr int per_block = std::is_same_v<T, float> ? 4 : 2;
  static T value(const std::array<std::uint32_t, 4>& words, std::int64_t i) {
    if constexpr (std::is_same_v<T, float>) {
      return static_cast<float>(words[i % 4] >> 8) * 0x1p-24f;
    } else {
      const auto high = words[2 * (i % 2)] >> 5, low = words[2 * (i % 2) + 1] >> 6;
      return (high * 67108864.0 + low) * 0x1p-53;
    }
  }
};

std::array<std::uint32_t, 2> halves(std::uint64_t word) {
  return {static_cast<std::uint32_t>(word), static_cast<std::uint32_t>(word >> 32)};
}

/// Two numbers as one, by the generator itself.
std::uint64_t combined(std::uint64_t a, std::uint64_t b) {
  const auto x = halves(a), y = halves(b);
  const auto words = philox4x32({x[0], x[1], y[0], y[1]}, {0, 0});
  return words[0] | std::uint64_t{words[1]} << 32;
}

}  // namespace

/// The key of the generator is made of seed, node and run; its counter is the element's block and the step.
/// Steps of nested unrolls are combined into one.
void uniform(const KernelCall& call) {
  const auto each = type_from(call.attributes).shape.size();
  const auto streams = each == 0 ? 0 : call.output.shape().size() / each;
  const Shape& shape = call.output.shape();
  const int position_rank = shape.rank() - type_from(call.attributes).shape.rank();
  const auto node = combined(static_cast<std::uint64_t>(call.attributes.integer("seed")),
                             static_cast<std::uint64_t>(call.attributes.integer("key")));
  const auto key = halves(combined(node, static_cast<std::uint64_t>(*call.inputs[0].as<std::int64_t>())));

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
    return static_cast<std::uint64_t>(positions[at]);
  };

  const auto fill = [&](auto zero) {
    using T = decltype(zero);
    T* y = call.output.as<T>();
    for (std::int64_t s = 0; s < streams; ++s) {
      std::uint64_t step = call.inputs.size() > 1 ? position_of(call.inputs[1], s) : 0;
      for (std::size_t i = 2; i < call.inputs.size(); ++i)
        step = combined(step, position_of(call.inputs[i], s));
      const auto step_words = halves(step);
      std::array<std::uint32_t, 4> words{};
      for (std::int64_t i = 0; i < each; ++i) {
        if (i % Uniform<T>::per_block == 0) {
          const auto block = halves(static_cast<std::uint64_t>(i / Uniform<T>::per_block));
          words = philox4x32({block[0], block[1], step_words[0], step_words[1]}, key);
        }
        y[s * each + i] = Uniform<T>::value(words, i);
      }
    }
  };
  if (call.output.type->element == ElementType::float32)
    fill(float{});
  else
    fill(double{});
}

}  // namespace reel::reference
