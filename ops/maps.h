#pragma once
// Nothing but this, which has another form for devices.
#include <reel/map.h>

/// The elementwise operations, each whole in one struct.
namespace reel::maps {

// The chain rule. What gets no adjoint passes none on, whatever its slope: where a branch is not taken it may
// be infinite, or NaN (that of a sigmoid too, beside an operand that is). So derivatives multiply and divide
// adjoints by these, other than by numbers written into the formula. Their own derivatives are those of the
// plain product: second derivatives are there also where an adjoint is 0, as at the minimum of a loss.

struct ScaledAdjoint {
  static constexpr auto name = "scaled_adjoint";
  static constexpr auto accepts = Accepts::floating;
  static constexpr auto linear = LinearIn::each;
  static constexpr auto zero_times = ZeroTimes::first_absorbs;
  static constexpr double left_unit = 1, right_unit = 1;
  template <class T>
  T operator()(T adjoint, T slope) const {
    return adjoint * choose(adjoint == T(0), T(0), slope);
  }
  // Where the adjoint is 0 nothing depends on the slope, even if what arrives is infinite.
  static Tensors derivative(const Recorded& y, const Tensor& dy) {
    return {scaled_adjoint(dy, y[1]), absorbing_product(dy, y[0])};
  }
};

struct DividedAdjoint {
  static constexpr auto name = "divided_adjoint";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double cost = 0.2;
  static constexpr auto linear = LinearIn::first;
  static constexpr auto zero_times = ZeroTimes::first_absorbs;
  static constexpr double right_unit = 1;
  static constexpr double low = 0.5, high = 2;
  template <class T>
  T operator()(T adjoint, T divisor) const {
    return adjoint / choose(adjoint == T(0), T(1), divisor);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) {
    const auto adjoint = divided_adjoint(dy, y[1]);
    return {adjoint, -absorbing_product(adjoint, y)};
  }
};

struct AbsorbingProduct {
  static constexpr auto name = "absorbing_product";
  static constexpr auto accepts = Accepts::floating;
  static constexpr auto linear = LinearIn::each;
  static constexpr auto zero_times = ZeroTimes::each_absorbs;
  static constexpr double left_unit = 1, right_unit = 1;
  template <class T>
  T operator()(T a, T b) const {
    return choose(b == T(0), T(0), a) * choose(a == T(0), T(0), b);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) {
    return {absorbing_product(dy, y[1]), absorbing_product(dy, y[0])};
  }
};

/// The adjoint of what an extreme `y` did not take: 0, but NaN where `y` is NaN and there is an adjoint.
inline Tensor adjoint_at_nan(const Tensor& y, const Tensor& dy) {
  return select(y == y, 0, scaled_adjoint(dy, y));
}

/// The adjoint of the operand that a pairwise extreme took, shared equally where the two tie.
inline Tensors shared_adjoint(const Recorded& y, const Tensor& dy) {
  const auto shared = select(y[0] == y[1], 0.5 * dy, dy), others = adjoint_at_nan(y, dy);
  return {select(y[0] == y, shared, others), select(y[1] == y, shared, others)};
}

struct Add {
  static constexpr auto name = "add";
  static constexpr auto accepts = Accepts::numbers;
  static constexpr auto linear = LinearIn::together;
  static constexpr double left_unit = 0, right_unit = 0;
  template <class T>
  T operator()(T a, T b) const {
    return a + b;
  }
  static Tensors derivative(const Recorded&, const Tensor& dy) { return {dy, dy}; }
};

struct Sub {
  static constexpr auto name = "sub";
  static constexpr auto accepts = Accepts::numbers;
  static constexpr auto linear = LinearIn::together;
  static constexpr double right_unit = 0;
  template <class T>
  T operator()(T a, T b) const {
    return a - b;
  }
  static Tensors derivative(const Recorded&, const Tensor& dy) { return {dy, -dy}; }
};

struct Mul {
  static constexpr auto name = "mul";
  static constexpr auto accepts = Accepts::numbers;
  static constexpr auto linear = LinearIn::each;
  static constexpr double left_unit = 1, right_unit = 1;
  template <class T>
  T operator()(T a, T b) const {
    return a * b;
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) {
    return {scaled_adjoint(dy, y[1]), scaled_adjoint(dy, y[0])};
  }
};

struct Div {
  static constexpr auto name = "div";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double cost = 0.2;
  static constexpr auto linear = LinearIn::first;
  static constexpr double right_unit = 1;
  static constexpr double low = 0.5, high = 2;
  template <class T>
  T operator()(T a, T b) const {
    return a / b;
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) {
    // In this order NaN shows also where the divisor is infinite and nothing is left of the adjoint over it.
    return {divided_adjoint(dy, y[1]), -divided_adjoint(scaled_adjoint(dy, y), y[1])};
  }
};

struct Neg {
  static constexpr auto name = "neg";
  static constexpr auto accepts = Accepts::numbers;
  static constexpr auto linear = LinearIn::first;
  static constexpr bool involution = true;
  template <class T>
  T operator()(T x) const {
    return -x;
  }
  static Tensors derivative(const Recorded&, const Tensor& dy) { return {-dy}; }
};

struct Exp {
  static constexpr auto name = "exp";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double cost = 0.3;
  template <class T>
  T operator()(T x) const {
    return exp(x);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return {scaled_adjoint(dy, y)}; }
};

struct Log {
  static constexpr auto name = "log";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double cost = 0.75;
  static constexpr double low = 0.5, high = 4;
  template <class T>
  T operator()(T x) const {
    return log(x);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return {divided_adjoint(dy, y[0])}; }
};

struct Tanh {
  static constexpr auto name = "tanh";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double cost = 0.7;
  template <class T>
  T operator()(T x) const {
    return tanh(x);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) {
    return {scaled_adjoint(dy, 1 - square(y))};
  }
};

struct Sigmoid {
  static constexpr auto name = "sigmoid";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double cost = 0.5;
  template <class T>
  T operator()(T x) const {
    const T e = exp(-abs(x));  // At most 1, so that it cannot overflow.
    return choose(x < T(0), e, T(1)) / (T(1) + e);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return {scaled_adjoint(dy, y * (1 - y))}; }
};

struct Relu {
  static constexpr auto name = "relu";
  static constexpr auto accepts = Accepts::floating;
  template <class T>
  T operator()(T x) const {
    return choose(x > T(0) || x != x, x, T(0));
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return {absorbing_product(dy, sign(y))}; }
};

struct Sqrt {
  static constexpr auto name = "sqrt";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double cost = 0.3;
  static constexpr double low = 0.5, high = 4;
  template <class T>
  T operator()(T x) const {
    return sqrt(x);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return {divided_adjoint(dy, 2 * y)}; }
};

struct Square {
  static constexpr auto name = "square";
  static constexpr auto accepts = Accepts::numbers;
  template <class T>
  T operator()(T x) const {
    return x * x;
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return {scaled_adjoint(2 * dy, y[0])}; }
};

struct StopGradient {
  static constexpr auto name = "stop_gradient";
  static constexpr auto accepts = Accepts::anything;
  static constexpr bool identity = true;
  static constexpr bool zero_derivative = true;
  template <class T>
  T operator()(T x) const {
    return x;
  }
};

struct Equal {
  static constexpr auto name = "equal";
  static constexpr auto accepts = Accepts::anything;
  static constexpr bool zero_derivative = true;
  template <class T>
  auto operator()(T a, T b) const {
    return a == b;
  }
};

struct NotEqual {
  static constexpr auto name = "not_equal";
  static constexpr auto accepts = Accepts::anything;
  static constexpr bool zero_derivative = true;
  template <class T>
  auto operator()(T a, T b) const {
    return a != b;
  }
};

struct Less {
  static constexpr auto name = "less";
  static constexpr auto accepts = Accepts::numbers;
  static constexpr bool zero_derivative = true;
  template <class T>
  auto operator()(T a, T b) const {
    return a < b;
  }
};

struct LessEqual {
  static constexpr auto name = "less_equal";
  static constexpr auto accepts = Accepts::numbers;
  static constexpr bool zero_derivative = true;
  template <class T>
  auto operator()(T a, T b) const {
    return a <= b;
  }
};

struct Greater {
  static constexpr auto name = "greater";
  static constexpr auto accepts = Accepts::numbers;
  static constexpr bool zero_derivative = true;
  template <class T>
  auto operator()(T a, T b) const {
    return a > b;
  }
};

struct GreaterEqual {
  static constexpr auto name = "greater_equal";
  static constexpr auto accepts = Accepts::numbers;
  static constexpr bool zero_derivative = true;
  template <class T>
  auto operator()(T a, T b) const {
    return a >= b;
  }
};

struct Abs {
  static constexpr auto name = "abs";
  static constexpr auto accepts = Accepts::numbers;
  template <class T>
  T operator()(T x) const {
    return choose(x <= T(0), T(0) - x, x);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return {scaled_adjoint(dy, sign(y[0]))}; }
};

struct Sign {
  static constexpr auto name = "sign";
  static constexpr auto accepts = Accepts::numbers;
  static constexpr bool zero_derivative = true;
  template <class T>
  T operator()(T x) const {
    return choose(x > T(0), T(1), choose(x < T(0), T(-1), x));
  }
};

struct Expm1 {
  static constexpr auto name = "expm1";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double cost = 0.45;
  template <class T>
  T operator()(T x) const {
    return expm1(x);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return {scaled_adjoint(dy, y + 1)}; }
};

struct Log1p {
  static constexpr auto name = "log1p";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double cost = 1;
  static constexpr double low = -0.5, high = 3;
  template <class T>
  T operator()(T x) const {
    return log1p(x);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return {divided_adjoint(dy, 1 + y[0])}; }
};

struct Sin {
  static constexpr auto name = "sin";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double cost = 3;
  template <class T>
  T operator()(T x) const {
    return sin(x);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return {scaled_adjoint(dy, cos(y[0]))}; }
};

struct Cos {
  static constexpr auto name = "cos";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double cost = 3;
  template <class T>
  T operator()(T x) const {
    return cos(x);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return {-scaled_adjoint(dy, sin(y[0]))}; }
};

struct Erf {
  static constexpr auto name = "erf";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double cost = 0.9;
  template <class T>
  T operator()(T x) const {
    return erf(x);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) {
    constexpr double two_over_root_pi = 1.1283791670955126;
    return {scaled_adjoint(two_over_root_pi * dy, exp(-square(y[0])))};
  }
};

struct Softplus {
  static constexpr auto name = "softplus";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double cost = 2;
  template <class T>
  T operator()(T x) const {
    return choose(x > T(0), x, T(0)) + log1p(exp(-abs(x)));
  }
  // Composed from maximum and abs it would have kinks at 0, where their second derivatives are lost.
  static Tensors derivative(const Recorded& y, const Tensor& dy) {
    return {scaled_adjoint(dy, sigmoid(y[0]))};
  }
};

struct Pow {
  static constexpr auto name = "pow";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double cost = 8;
  static constexpr double right_unit = 1;
  static constexpr double low = 0.5, high = 2;
  template <class T>
  T operator()(T x, T exponent) const {
    return pow(x, exponent);
  }
  // x^0 does not vary with x, 0^a not with a. Where the formula would give 0 * infinity another base stands
  // in, so that second derivatives are no NaN either.
  static Tensors derivative(const Recorded& y, const Tensor& dy) {
    const auto &x = y[0], &a = y[1];
    const auto base = select(a == 0 && has_no_inverse(x), 1, x);
    return {scaled_adjoint(dy, a * pow(base, a - 1)),
            scaled_adjoint(dy, select(x == 0, 0, y * log(select(x == 0, 1, x))))};
  }
};

struct Floor {
  static constexpr auto name = "floor";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double cost = 0.2;
  static constexpr bool zero_derivative = true;
  template <class T>
  T operator()(T x) const {
    return floor(x);
  }
};

struct Ceil {
  static constexpr auto name = "ceil";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double cost = 0.2;
  static constexpr bool zero_derivative = true;
  template <class T>
  T operator()(T x) const {
    return ceil(x);
  }
};

struct Round {
  static constexpr auto name = "round";
  static constexpr auto accepts = Accepts::floating;
  static constexpr bool zero_derivative = true;
  template <class T>
  T operator()(T x) const {
    return nearbyint(x);
  }
};

struct Minimum {
  static constexpr auto name = "minimum";
  static constexpr auto accepts = Accepts::numbers;
  template <class T>
  T operator()(T a, T b) const {
    return choose(a < b || a != a, a, b);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return shared_adjoint(y, dy); }
};

struct Maximum {
  static constexpr auto name = "maximum";
  static constexpr auto accepts = Accepts::numbers;
  template <class T>
  T operator()(T a, T b) const {
    return choose(a > b || a != a, a, b);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return shared_adjoint(y, dy); }
};

struct Remainder {
  static constexpr auto name = "remainder";
  static constexpr auto accepts = Accepts::numbers;
  static constexpr double cost = 10;
  // Quotients that stay away from integers, where it jumps.
  static constexpr double low = 2.1, high = 2.9, second_low = 1.5, second_high = 1.9;
  template <class T>
  T operator()(T a, T b) const {
    T r;
    if constexpr (!std::is_integral_v<T>) {
      r = fmod(a, b);
    } else {
      // Not a % b: that traps for a divisor of 0, and for the smallest number by -1.
      if (b == T(0) || b == T(-1)) return T(0);
      r = a % b;
    }
    // Added to -0 every number stays; r + b, where it is not the result, could be too large.
    return r + choose(r != T(0) && (r < T(0)) != (b < T(0)), b, T(-0.0));
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) {
    return {dy, -scaled_adjoint(dy, floor(y[0] / y[1]))};
  }
};

struct IsFinite {
  static constexpr auto name = "isfinite";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double cost = 1.4;
  static constexpr bool zero_derivative = true;
  template <class T>
  auto operator()(T x) const {
    // No arithmetic, and no comparison by size: for infinity and NaN these raise exceptions.
    return x == x && abs(x) != infinity_of<T>();
  }
};

struct And {
  static constexpr auto name = "logical_and";
  static constexpr auto accepts = Accepts::boolean;
  static constexpr bool zero_derivative = true;
  template <class T>
  auto operator()(T a, T b) const {
    return a && b;
  }
};

struct Or {
  static constexpr auto name = "logical_or";
  static constexpr auto accepts = Accepts::boolean;
  static constexpr bool zero_derivative = true;
  template <class T>
  auto operator()(T a, T b) const {
    return a || b;
  }
};

struct Not {
  static constexpr auto name = "logical_not";
  static constexpr auto accepts = Accepts::boolean;
  static constexpr bool involution = true;
  static constexpr bool zero_derivative = true;
  template <class T>
  auto operator()(T x) const {
    return !x;
  }
};

}  // namespace reel::maps
