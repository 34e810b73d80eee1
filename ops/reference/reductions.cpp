#include "kernels.h"
#include "lines.h"
#include "views.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

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
    using T = typename std::decay_t<decltype(y)>::value_type;
    xt::noalias(y) = xt::cast<T>(xt::sum<Total<T>>(x, axes, xt::evaluation_strategy::immediate));
  });
}

namespace {

/// The element that is `better` than all others; NaN where one is NaN, which xt::amax and xt::amin ignore in
/// some positions and not in others. Starts from `worst`.
template <class Better>
struct Extreme {
  template <class T>
  T operator()(T a, T b) const {
    return Better{}(a, b) || a != a ? a : b;
  }
};

template <class Better>
void extreme(const KernelCall& call, double sign_of_worst) {
  if (call.output.shape().size() == 0) return;
  reduce(call, [&](auto& y, auto& x, const auto& axes) {
    using T = typename std::decay_t<decltype(y)>::value_type;
    using Limits = std::numeric_limits<T>;
    const T worst = Limits::has_infinity ? static_cast<T>(sign_of_worst * INFINITY)
                    : sign_of_worst < 0  ? Limits::lowest()
                                         : Limits::max();
    xt::noalias(y) = xt::reduce(xt::make_xreducer_functor(Extreme<Better>(), xt::const_value<T>(worst)), x,
                                axes, xt::evaluation_strategy::immediate);
  });
}

}  // namespace

void max(const KernelCall& call) { extreme<std::greater<>>(call, -1); }

void min(const KernelCall& call) { extreme<std::less<>>(call, 1); }

void prod(const KernelCall& call) {
  if (call.output.shape().size() == 0) return;
  reduce(call, [](auto& y, auto& x, const auto& axes) {
    if (x.size() == 0)
      y.fill(1);
    else
      xt::noalias(y) = xt::prod(x, axes, xt::evaluation_strategy::immediate);
  });
}

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
