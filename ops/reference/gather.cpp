#include <algorithm>
#include <vector>

#include "index_fault.h"
#include "kernels.h"
#include "lines.h"
#include "views.h"

namespace reel::reference {

namespace {

/// Calls `f(position, index)` for every index, after checking all of them.
template <class F>
void for_each_index(const ConstView& indices, const IndexFault& fault, F&& f) {
  const auto visit = [&](const auto* index) {
    const auto count = indices.shape().size();
    for (std::int64_t i = 0; i < count; ++i)
      if (index[i] < 0 || index[i] >= fault.extent) throw RunError(fault.message(i, index[i]));
    for (std::int64_t i = 0; i < count; ++i) f(i, static_cast<std::int64_t>(index[i]));
  };
  if (indices.type->element == ElementType::int32)
    visit(indices.as<std::int32_t>());
  else
    visit(indices.as<std::int64_t>());
}

}  // namespace

/// x [outer, extent, inner] at indices [count]: [outer, count, inner].
void gather(const KernelCall& call) {
  const auto axis = call.attributes.integer("axis");
  const auto count = call.inputs[1].shape().size();
  const Lines x_lines(call.inputs[0].shape(), axis);
  const auto inner = x_lines.stride, extent = x_lines.count;
  with_element_of_size(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    const T* x = bits<T>(call.inputs[0]);
    T* y = bits<T>(call.output);
    for_each_index(call.inputs[1], {"index", call.inputs[1].shape(), extent},
                   [&](std::int64_t i, std::int64_t chosen) {
                     for (std::int64_t o = 0; o < x_lines.outer; ++o)
                       std::copy_n(x + (o * extent + chosen) * inner, inner, y + (o * count + i) * inner);
                   });
  });
}

namespace {

/// So many float32 numbers are added up one by one to 1e-6 of the sum of their magnitudes.
constexpr std::int64_t few_terms = 16;

/// For each of `extent` choices the positions of the indices that are it, in order: first[choice], and
/// next[position] from there on; -1 ends them.
struct Chosen {
  std::vector<std::int64_t> first, next;

  Chosen(const ConstView& indices, std::int64_t extent)
      : first(extent, -1), next(indices.shape().size(), -1) {
    std::vector<std::int64_t> last(extent, -1);
    for_each_index(indices, {"index", indices.shape(), extent}, [&](std::int64_t i, std::int64_t chosen) {
      (last[chosen] < 0 ? first[chosen] : next[last[chosen]]) = i;
      last[chosen] = i;
    });
  }
};

}  // namespace

/// values [outer, count, inner] added at indices [count] into zeros [outer, extent, inner].
void scatter_add(const KernelCall& call) {
  const auto axis = call.attributes.integer("axis");
  const auto count = call.inputs[0].shape().size();
  const Lines y_lines(call.output.shape(), axis);
  const auto inner = y_lines.stride, extent = y_lines.count;
  with_number(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    const T* values = call.inputs[1].as<T>();
    T* y = call.output.as<T>();
    std::fill_n(y, call.output.shape().size(), zero);
    if (count <= few_terms) {
      for_each_index(call.inputs[0], {"index", call.inputs[0].shape(), extent},
                     [&](std::int64_t i, std::int64_t chosen) {
                       for (std::int64_t o = 0; o < y_lines.outer; ++o)
                         for (std::int64_t j = 0; j < inner; ++j)
                           y[(o * extent + chosen) * inner + j] += values[(o * count + i) * inner + j];
                     });
      return;
    }
    const Chosen positions(call.inputs[0], extent);
    std::vector<Total<T>> totals(inner);
    for (std::int64_t o = 0; o < y_lines.outer; ++o)
      for (std::int64_t chosen = 0; chosen < extent; ++chosen) {
        if (positions.first[chosen] < 0) continue;
        std::fill(totals.begin(), totals.end(), 0);
        for (auto i = positions.first[chosen]; i >= 0; i = positions.next[i])
          for (std::int64_t j = 0; j < inner; ++j) totals[j] += values[(o * count + i) * inner + j];
        std::copy(totals.begin(), totals.end(), y + (o * extent + chosen) * inner);
      }
  });
}

namespace {

/// Calls `f(position in the indices, position of the chosen element)` where indices [outer, count, inner]
/// choose along an axis of `extent` of [outer, extent, inner].
template <class F>
void along_axis(const KernelCall& call, const ConstView& indices, std::int64_t extent, F&& f) {
  const auto axis = static_cast<int>(call.attributes.integer("axis"));
  const Lines lines(indices.shape(), axis);
  const auto fault = IndexFault::along(axis, indices.shape(), call.attributes.text("called"), extent);
  for_each_index(indices, fault, [&](std::int64_t i, std::int64_t chosen) {
    const auto outer = i / (lines.count * lines.stride), inner = i % lines.stride;
    f(i, (outer * extent + chosen) * lines.stride + inner);
  });
}

}  // namespace

void take_along_axis(const KernelCall& call) {
  const auto axis = call.attributes.integer("axis");
  with_element_of_size(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    const T* x = bits<T>(call.inputs[0]);
    T* y = bits<T>(call.output);
    along_axis(call, call.inputs[1], call.inputs[0].shape()[static_cast<int>(axis)],
               [&](std::int64_t i, std::int64_t chosen) { y[i] = x[chosen]; });
  });
}

void scatter_add_along_axis(const KernelCall& call) {
  const auto axis = call.attributes.integer("axis");
  with_number(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    const T* values = call.inputs[1].as<T>();
    T* y = call.output.as<T>();
    const auto size = call.output.shape().size();
    const auto add_to = [&](auto* sums) {
      along_axis(call, call.inputs[0], call.output.shape()[static_cast<int>(axis)],
                 [&](std::int64_t i, std::int64_t chosen) { sums[chosen] += values[i]; });
    };
    std::fill_n(y, size, zero);
    if (call.inputs[0].shape()[static_cast<int>(axis)] <= few_terms) return add_to(y);
    std::vector<Total<T>> totals(size);
    add_to(totals.data());
    std::copy(totals.begin(), totals.end(), y);
  });
}

}  // namespace reel::reference
