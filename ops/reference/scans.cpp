#include "kernels.h"
#include "lines.h"
#include "views.h"

namespace reel::reference {

namespace {

/// Calls `f(i, previous)` along each line in the order of the scan, with positions in the array; `previous`
/// is -1 for the first.
template <class F>
void scan(const KernelCall& call, F&& f) {
  const Lines lines(call.output.shape(), call.attributes.integer("axis"));
  const bool reverse = call.attributes.integer("reverse");
  lines.for_each([&](std::int64_t, std::int64_t first) {
    std::int64_t previous = -1;
    for (std::int64_t i = 0; i < lines.count; ++i) {
      const auto at = first + (reverse ? lines.count - 1 - i : i) * lines.stride;
      f(at, previous);
      previous = at;
    }
  });
}

}  // namespace

void cumsum(const KernelCall& call) {
  with_number(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    const T* x = call.inputs[0].as<T>();
    T* y = call.output.as<T>();
    scan(call,
         [&](std::int64_t i, std::int64_t previous) { y[i] = previous < 0 ? x[i] : y[previous] + x[i]; });
  });
}

void linear_scan(const KernelCall& call) {
  with_number(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    const T *a = call.inputs[0].as<T>(), *b = call.inputs[1].as<T>();
    T* y = call.output.as<T>();
    const bool of_adjoints = call.attributes.integer("of_adjoints");
    scan(call, [&](std::int64_t i, std::int64_t previous) {
      const bool adds = previous >= 0 && !(of_adjoints && y[previous] == T(0));
      y[i] = adds ? a[i] * y[previous] + b[i] : b[i];
    });
  });
}

}  // namespace reel::reference
