#include "kernels.h"
#include "views.h"

#include <algorithm>
#include <numeric>

namespace reel::reference {

void fill(const KernelCall& call) {
  with_type(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    std::fill_n(call.output.as<T>(), call.output.shape().size(),
                static_cast<T>(call.attributes.real("value")));
  });
}

void iota(const KernelCall& call) {
  with_number(call.output.type->element, [&](auto zero) {
    auto* y = call.output.as<decltype(zero)>();
    std::iota(y, y + call.output.shape().size(), zero);
  });
}

void select(const KernelCall& call) {
  with_element_of_size(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    const auto* condition = call.inputs[0].as<bool>();
    const T *a = bits<T>(call.inputs[1]), *b = bits<T>(call.inputs[2]);
    auto* y = bits<T>(call.output);
    const auto count = call.output.shape().size();
    for (std::int64_t i = 0; i < count; ++i) y[i] = condition[i] ? a[i] : b[i];
  });
}

void cast(const KernelCall& call) {
  const auto count = call.output.shape().size();
  with_type(call.inputs[0].type->element, [&](auto from) {
    with_type(call.output.type->element, [&](auto to) {
      const auto* x = call.inputs[0].as<decltype(from)>();
      std::transform(x, x + count, call.output.as<decltype(to)>(),
                     [](auto value) { return static_cast<decltype(to)>(value); });
    });
  });
}

}  // namespace reel::reference
