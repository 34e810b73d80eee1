#include "kernels.h"
#include "views.h"

#include <cstring>

namespace reel::reference {

namespace {

/// Calls `f(y, x, axes)` with the adapted output and operand, unless the axes are none: then the value stays.
template <class F>
void reduce(const KernelCall& call, F&& f) {
  const auto& axes = call.attributes.integers("axes");
  if (axes.empty()) {
    std::memcpy(call.output.data, call.inputs[0].data, call.output.type->bytes());
    return;
  }
  with_number(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    auto x = adapt<T>(call.inputs[0]);
    auto y = adapt<T>(call.output);
    f(y, x, std::vector<std::size_t>(axes.begin(), axes.end()));
  });
}

}  // namespace

void sum(const KernelCall& call) {
  if (call.inputs[0].shape().size() == 0) {
    std::memset(call.output.data, 0, call.output.type->bytes());
    return;
  }
  reduce(call, [](auto& y, auto& x, const auto& axes) {
    xt::noalias(y) = xt::sum(x, axes, xt::evaluation_strategy::immediate);
  });
}

void max(const KernelCall& call) {
  if (call.output.shape().size() == 0) return;
  reduce(call, [](auto& y, auto& x, const auto& axes) {
    xt::noalias(y) = xt::amax(x, axes, xt::evaluation_strategy::immediate);
  });
}

}  // namespace reel::reference
