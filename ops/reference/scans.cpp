#include <reel/structural.h>

#include "kernels.h"
#include "lines.h"
#include "views.h"

namespace reel::reference {

namespace {

/// Sets each element of a line, in the order of the scan, to f(its position, what came of the one before):
/// null for the first, and handed on as a total.
template <class T, class F>
void scan(const KernelCall& call, F&& f) {
  const Lines lines(call.output.shape(), call.attributes.integer("axis"));
  const bool reverse = call.attributes.integer("reverse");
  T* y = call.output.as<T>();
  lines.for_each([&](std::int64_t, std::int64_t first) {
    Total<T> value{};
    for (std::int64_t i = 0; i < lines.count; ++i) {
      const auto at = first + (reverse ? lines.count - 1 - i : i) * lines.stride;
      value = f(at, i == 0 ? nullptr : &value);
      y[at] = static_cast<T>(value);
    }
  });
}

}  // namespace

void cumsum(const KernelCall& call) {
  with_number(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    const T* x = call.inputs[0].as<T>();
    scan<T>(call, [&](std::int64_t i, const Total<T>* before) { return before ? *before + x[i] : x[i]; });
  });
}

void linear_scan(const KernelCall& call) {
  with_number(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    const auto scan = LinearScan::of(call.attributes);
    const Lines lines(call.output.shape(), scan.axis);
    const T *a = call.inputs[0].as<T>(), *b = call.inputs[1].as<T>();
    const T* first = call.inputs.size() == 3 ? call.inputs[2].as<T>() : nullptr;
    T* y = call.output.as<T>();
    const auto product = [&](Total<T> x, T factor) {
      return scan.of_adjoints && x == 0 ? Total<T>(0) : x * static_cast<Total<T>>(factor);
    };
    lines.for_each([&](std::int64_t line, std::int64_t start) {
      Total<T> handed = first ? static_cast<Total<T>>(first[line]) : Total<T>(0);
      for (std::int64_t i = 0; i < lines.count; ++i) {
        const auto at = start + (scan.reverse ? lines.count - 1 - i : i) * lines.stride;
        Total<T> value = static_cast<Total<T>>(b[at]);
        if (i > 0 || first) value = (scan.after ? handed : product(handed, a[at])) + value;
        y[at] = static_cast<T>(value);
        handed = scan.after ? product(value, a[at]) : value;
      }
    });
  });
}

}  // namespace reel::reference
