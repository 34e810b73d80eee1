#include "kernels.h"
#include "views.h"

#include <algorithm>

namespace reel::reference {

namespace {

/// Calls `f(position, row)` for every index, after checking all of them.
template <class F>
void for_each_index(const ConstView& indices, std::int64_t rows, F&& f) {
  const auto visit = [&](const auto* index) {
    const auto count = indices.shape().size();
    for (std::int64_t i = 0; i < count; ++i)
      if (index[i] < 0 || index[i] >= rows)
        throw RunError("index " + std::to_string(index[i]) + " at position " + std::to_string(i) +
                       " is outside [0, " + std::to_string(rows) + ")");
    for (std::int64_t i = 0; i < count; ++i) f(i, static_cast<std::int64_t>(index[i]));
  };
  if (indices.type->element == ElementType::int32)
    visit(indices.as<std::int32_t>());
  else
    visit(indices.as<std::int64_t>());
}

}  // namespace

void gather(const KernelCall& call) {
  const auto rows = call.inputs[0].shape()[0];
  const auto row = rows == 0 ? 0 : call.inputs[0].shape().size() / rows;
  with_element_of_size(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    const T* table = call.inputs[0].as<T>();
    T* y = call.output.as<T>();
    for_each_index(call.inputs[1], rows, [&](std::int64_t i, std::int64_t chosen) {
      std::copy_n(table + chosen * row, row, y + i * row);
    });
  });
}

void scatter_add(const KernelCall& call) {
  const auto rows = call.output.shape()[0];
  const auto row = rows == 0 ? 0 : call.output.shape().size() / rows;
  with_number(call.output.type->element, [&](auto zero) {
    using T = decltype(zero);
    const T* values = call.inputs[1].as<T>();
    T* y = call.output.as<T>();
    std::fill_n(y, call.output.shape().size(), zero);
    for_each_index(call.inputs[0], rows, [&](std::int64_t i, std::int64_t chosen) {
      for (std::int64_t j = 0; j < row; ++j) y[chosen * row + j] += values[i * row + j];
    });
  });
}

}  // namespace reel::reference
