#pragma once
#include <reel/map.h>

#include "reduction.h"

/// The reductions, each whole in one struct.
namespace reel::reductions {

using namespace reducing;

/// What of a reduction's derivative is not written in one line.
Tensors adjoint_of_prod(const Recorded& y, const Tensor& dy);
Tensors adjoint_of_extreme(const Recorded& y, const Tensor& dy);

struct Sum {
  static constexpr auto name = "sum";
  static constexpr bool takes_none = true;
  static constexpr bool is_linear = true;
  /// Floats in double, so that the sum of many is right to the last bit.
  template <class T>
  using Total = std::conditional_t<std::is_same_v<T, float>, double, T>;
  template <class Total>
  static constexpr Total start() {
    return 0;
  }
  template <class V>
  static V join(const V& a, const V& b) {
    return a + b;
  }
  template <class T, class Total>
  static T finish(Total total) {
    return static_cast<T>(total);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) {
    return {spread(dy, y[0].shape(), axes_of(y))};
  }
};

/// Values of most reductions are joined in the type that they have.
struct InTheirType {
  template <class T>
  using Total = T;
  template <class T>
  static T finish(T total) {
    return total;
  }
};

struct Prod : InTheirType {
  static constexpr auto name = "prod";
  static constexpr bool takes_none = true;
  template <class Total>
  static constexpr Total start() {
    return 1;
  }
  template <class V>
  static V join(const V& a, const V& b) {
    return a * b;
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return adjoint_of_prod(y, dy); }
};

/// The largest; NaN where one is NaN.
struct Max : InTheirType {
  static constexpr auto name = "max";
  static constexpr bool takes_none = false;
  template <class Total>
  static constexpr Total start() {
    using Limits = std::numeric_limits<Total>;
    return Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
  }
  template <class V>
  static V join(const V& a, const V& b) {
    return choose(a > b || a != a, a, b);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return adjoint_of_extreme(y, dy); }
};

/// The smallest; NaN where one is NaN.
struct Min : InTheirType {
  static constexpr auto name = "min";
  static constexpr bool takes_none = false;
  template <class Total>
  static constexpr Total start() {
    using Limits = std::numeric_limits<Total>;
    return Limits::has_infinity ? Limits::infinity() : Limits::max();
  }
  template <class V>
  static V join(const V& a, const V& b) {
    return choose(a < b || a != a, a, b);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return adjoint_of_extreme(y, dy); }
};

}  // namespace reel::reductions
