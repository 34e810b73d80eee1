#include "kernels.h"
#include "views.h"

#include <cstring>

namespace reel::reference {

namespace {

/// `x` restricted to the positions start, start + step, ... < stop along `axis`.
template <class X>
auto range_of(X& x, std::int64_t axis, std::int64_t start, std::int64_t stop, std::int64_t step = 1) {
  xt::xstrided_slice_vector slices(x.dimension(), xt::all());
  slices[static_cast<std::size_t>(axis)] = xt::range(start, stop, step);
  return xt::strided_view(x, slices);
}

}  // namespace

void reshape(const KernelCall& call) {
  std::memcpy(call.output.data, call.inputs[0].data, call.output.type->bytes());
}

void permute(const KernelCall& call) {
  if (call.output.shape().size() == 0) return;
  with_element_of_size(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    auto x = adapt<T>(call.inputs[0]);
    auto y = adapt<T>(call.output);
    const auto& axes = call.attributes.integers("axes");
    xt::noalias(y) = xt::transpose(x, std::vector<std::size_t>(axes.begin(), axes.end()));
  });
}

void slice(const KernelCall& call) {
  if (call.output.shape().size() == 0) return;
  with_element_of_size(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    auto x = adapt<T>(call.inputs[0]);
    auto y = adapt<T>(call.output);
    xt::noalias(y) = range_of(x, call.attributes.integer("axis"), call.attributes.integer("start"),
                              call.attributes.integer("stop"), call.attributes.integer("step"));
  });
}

void pad(const KernelCall& call) {
  std::memset(call.output.data, 0, call.output.type->bytes());
  if (call.inputs[0].shape().size() == 0) return;
  with_element_of_size(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    auto x = adapt<T>(call.inputs[0]);
    auto y = adapt<T>(call.output);
    const auto axis = call.attributes.integer("axis"), before = call.attributes.integer("before");
    const auto step = call.attributes.integer("between") + 1;
    const auto extent = call.inputs[0].shape()[static_cast<int>(axis)];
    xt::noalias(range_of(y, axis, before, before + (extent - 1) * step + 1, step)) = x;
  });
}

void flip(const KernelCall& call) {
  if (call.output.shape().size() == 0) return;
  with_element_of_size(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    auto x = adapt<T>(call.inputs[0]);
    auto y = adapt<T>(call.output);
    xt::xstrided_slice_vector slices(x.dimension(), xt::all());
    using xt::placeholders::_;
    for (auto axis : call.attributes.integers("axes"))
      slices[static_cast<std::size_t>(axis)] = xt::range(_, _, -1);
    xt::noalias(y) = xt::strided_view(x, slices);
  });
}

void concat(const KernelCall& call) {
  with_element_of_size(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    auto y = adapt<T>(call.output);
    const auto axis = call.attributes.integer("axis");
    std::int64_t start = 0;
    for (const auto& part : call.inputs) {
      const auto stop = start + part.shape()[static_cast<int>(axis)];
      auto x = adapt<T>(part);
      if (part.shape().size() > 0) xt::noalias(range_of(y, axis, start, stop)) = x;
      start = stop;
    }
  });
}

void shift(const KernelCall& call) {
  if (call.output.shape().size() == 0) return;
  with_element_of_size(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    const auto axis = call.attributes.integer("axis");
    const auto last = call.output.shape()[static_cast<int>(axis)] - 1;
    const bool reverse = call.attributes.integer("reverse");
    auto first = adapt<T>(call.inputs[0].data, call.output.shape().with_extent(static_cast<int>(axis), 1));
    auto sequence = adapt<T>(call.inputs[1]);
    auto y = adapt<T>(call.output);
    xt::noalias(range_of(y, axis, reverse ? last : 0, reverse ? last + 1 : 1)) = first;
    if (last > 0)
      xt::noalias(range_of(y, axis, reverse ? 0 : 1, reverse ? last : last + 1)) =
          range_of(sequence, axis, reverse ? 1 : 0, reverse ? last + 1 : last);
  });
}

void broadcast(const KernelCall& call) {
  if (call.output.shape().size() == 0) return;
  with_element_of_size(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    auto x = adapt<T>(call.inputs[0]);
    auto y = adapt<T>(call.output);
    // A scalar is the common case, and twenty times faster filled in than broadcast.
    if (x.size() == 1)
      y.fill(x.flat(0));
    else
      xt::noalias(y) = xt::broadcast(x, extents(call.output.shape()));
  });
}

}  // namespace reel::reference
