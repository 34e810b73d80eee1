#pragma once
#include <reel/record.h>
#include <reel/structural.h>

#include "axis_groups.h"
#include "samples.h"
#include "summed.h"

/// How a reduction is made of one struct: its name, how many values become one, and its derivative. It takes
/// away the axes named by its attribute `axes`, counted from 0 and sorted.
///
///   struct Sum {
///     static constexpr auto name = "sum";
///     static constexpr bool takes_none = true;
///     template <class T> using Total = ...;
///     template <class Total> static constexpr Total start() { return 0; }
///     template <class V> static V join(const V& a, const V& b) { return a + b; }
///     template <class T, class Total> static T finish(Total total) { return static_cast<T>(total); }
///     static Tensors derivative(const Recorded& y, const Tensor& dy) { ... }
///   };
///
/// Total is the type in which values of type T are joined, from start() on, in any order and in vectors;
/// finish() makes the result of it. `takes_none`: of floating operands or int64, which may have no elements;
/// else of numbers of any type, at least one. Optional: `static constexpr bool is_linear = true`.
namespace reel::reducing {

/// `shape` without the axes.
Shape reduced_shape(Shape shape, const Axes& axes);
/// `shape` with the reduced axes of extent 1.
Shape kept_shape(Shape shape, const Axes& axes);
inline Axes axes_of(const Recorded& y) { return y.attributes().integers("axes"); }
/// A reduced value repeated along the axes it lost: the shape before the reduction.
Tensor spread(const Tensor& reduced, const Shape& shape, const Axes& axes);

/// The type of a sum, and of an extreme. Throw RecordError for operands that have none.
TensorType infer_sum(const std::vector<TensorType>& x, const Attributes& attributes);
TensorType infer_extreme(const std::vector<TensorType>& x, const Attributes& attributes);

std::vector<Sample> sum_samples();
std::vector<Sample> extreme_samples();

/// One value after the other.
template <class R>
void reference(const KernelCall& call) {
  with_type(call.inputs[0].type->element, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::is_same_v<T, bool>) {
      const AxisGroups groups(call.inputs[0].shape(), call.attributes.integers("axes"));
      auto kept = groups.kept, reduced = groups.reduced;
      (groups.columns_reduced ? reduced : kept).push_back({groups.columns, 1});
      const T* x = call.inputs[0].as<T>();
      T* y = call.output.as<T>();
      const auto joined = AxisGroups::count(reduced);
      for (std::int64_t i = 0; i < call.output.shape().size(); ++i) {
        const T* first = x + AxisGroups::position(kept, i);
        auto total = R::template start<typename R::template Total<T>>();
        for (std::int64_t j = 0; j < joined; ++j)
          total = R::join(total, static_cast<decltype(total)>(first[AxisGroups::position(reduced, j)]));
        y[i] = R::template finish<T>(total);
      }
    }
  });
}

template <class R, class = void>
inline constexpr bool is_linear = false;
template <class R>
inline constexpr bool is_linear<R, std::void_t<decltype(R::is_linear)>> = R::is_linear;

/// The operation of a struct, with its kernels for devices.
template <class R, class... OfDevices>
Operation make(OfDevices... kernels) {
  return {R::name,
          Kind::reduction,
          R::takes_none ? infer_sum : infer_extreme,
          {R::derivative},
          {reference<R>, std::move(kernels)...},
          R::takes_none ? sum_samples : extreme_samples,
          nullptr,
          is_linear<R> ? Algebra::linear_in({{0}}) : Algebra()};
}

Axes all_axes(const char* operation, const Tensor& x);
/// Records a reduction along axes, which may be negative. `keep` leaves them with extent 1.
Tensor reduce(const Operation& operation, const Tensor& x, const Axes& axes, bool keep);

}  // namespace reel::reducing
