#include "kernels.h"
#include "lines.h"
#include "views.h"

namespace reel::reference {

namespace {

/// Position along one axis of the first element that is `better` than all before it; a NaN is better than any
/// number.
template <class Better>
void arg_extreme(const KernelCall& call, Better better) {
  const Lines lines(call.inputs[0].shape(), call.attributes.integers("axes")[0]);
  with_number(call.inputs[0].type->element, [&](auto zero) {
    const auto* x = call.inputs[0].as<decltype(zero)>();
    auto* y = call.output.as<std::int64_t>();
    lines.for_each([&](std::int64_t line, std::int64_t first) {
      std::int64_t best = 0;
      for (std::int64_t i = 1; i < lines.count; ++i) {
        const auto value = x[first + i * lines.stride], leader = x[first + best * lines.stride];
        if (leader == leader && (value != value || better(value, leader))) best = i;
      }
      y[line] = best;
    });
  });
}

}  // namespace

void argmax(const KernelCall& call) {
  arg_extreme(call, [](auto value, auto leader) { return value > leader; });
}

void argmin(const KernelCall& call) {
  arg_extreme(call, [](auto value, auto leader) { return value < leader; });
}

}  // namespace reel::reference
