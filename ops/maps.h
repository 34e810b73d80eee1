#pragma once
#include "map.h"

/// The elementwise operations, each whole in one struct.
namespace reel::maps {

using std::exp;
using std::log;
using std::sqrt;
using std::tanh;

struct Add {
  static constexpr auto name = "add";
  static constexpr auto accepts = Accepts::numbers;
  template <class T>
  T operator()(T a, T b) const {
    return a + b;
  }
  static Tensors derivative(const Recorded&, const Tensor& dy) { return {dy, dy}; }
};

struct Sub {
  static constexpr auto name = "sub";
  static constexpr auto accepts = Accepts::numbers;
  template <class T>
  T operator()(T a, T b) const {
    return a - b;
  }
  static Tensors derivative(const Recorded&, const Tensor& dy) { return {dy, -dy}; }
};

struct Mul {
  static constexpr auto name = "mul";
  static constexpr auto accepts = Accepts::numbers;
  template <class T>
  T operator()(T a, T b) const {
    return a * b;
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return {dy * y[1], dy * y[0]}; }
};

struct Div {
  static constexpr auto name = "div";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double low = 0.5, high = 2;
  template <class T>
  T operator()(T a, T b) const {
    return a / b;
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) {
    const Tensor da = dy / y[1];
    return {da, -(da * y)};
  }
};

struct Neg {
  static constexpr auto name = "neg";
  static constexpr auto accepts = Accepts::numbers;
  template <class T>
  T operator()(T x) const {
    return -x;
  }
  static Tensors derivative(const Recorded&, const Tensor& dy) { return {-dy}; }
};

struct Exp {
  static constexpr auto name = "exp";
  static constexpr auto accepts = Accepts::floating;
  template <class T>
  T operator()(T x) const {
    return exp(x);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return {dy * y}; }
};

struct Log {
  static constexpr auto name = "log";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double low = 0.5, high = 4;
  template <class T>
  T operator()(T x) const {
    return log(x);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return {dy / y[0]}; }
};

struct Tanh {
  static constexpr auto name = "tanh";
  static constexpr auto accepts = Accepts::floating;
  template <class T>
  T operator()(T x) const {
    return tanh(x);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return {dy * (1 - square(y))}; }
};

struct Sigmoid {
  static constexpr auto name = "sigmoid";
  static constexpr auto accepts = Accepts::floating;
  template <class T>
  T operator()(T x) const {
    return T(1) / (T(1) + exp(-x));
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return {dy * (y * (1 - y))}; }
};

struct Relu {
  static constexpr auto name = "relu";
  static constexpr auto accepts = Accepts::floating;
  template <class T>
  T operator()(T x) const {
    return x > T(0) ? x : x != x ? x : T(0);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return {select(y[0] > 0, dy, 0)}; }
};

struct Sqrt {
  static constexpr auto name = "sqrt";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double low = 0.5, high = 4;
  template <class T>
  T operator()(T x) const {
    return sqrt(x);
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return {dy / (2 * y)}; }
};

struct Square {
  static constexpr auto name = "square";
  static constexpr auto accepts = Accepts::numbers;
  template <class T>
  T operator()(T x) const {
    return x * x;
  }
  static Tensors derivative(const Recorded& y, const Tensor& dy) { return {2 * dy * y[0]}; }
};

struct StopGradient {
  static constexpr auto name = "stop_gradient";
  static constexpr auto accepts = Accepts::anything;
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
  bool operator()(T a, T b) const {
    return a == b;
  }
};

struct NotEqual {
  static constexpr auto name = "not_equal";
  static constexpr auto accepts = Accepts::anything;
  static constexpr bool zero_derivative = true;
  template <class T>
  bool operator()(T a, T b) const {
    return a != b;
  }
};

struct Less {
  static constexpr auto name = "less";
  static constexpr auto accepts = Accepts::numbers;
  static constexpr bool zero_derivative = true;
  template <class T>
  bool operator()(T a, T b) const {
    return a < b;
  }
};

struct LessEqual {
  static constexpr auto name = "less_equal";
  static constexpr auto accepts = Accepts::numbers;
  static constexpr bool zero_derivative = true;
  template <class T>
  bool operator()(T a, T b) const {
    return a <= b;
  }
};

struct Greater {
  static constexpr auto name = "greater";
  static constexpr auto accepts = Accepts::numbers;
  static constexpr bool zero_derivative = true;
  template <class T>
  bool operator()(T a, T b) const {
    return a > b;
  }
};

struct GreaterEqual {
  static constexpr auto name = "greater_equal";
  static constexpr auto accepts = Accepts::numbers;
  static constexpr bool zero_derivative = true;
  template <class T>
  bool operator()(T a, T b) const {
    return a >= b;
  }
};

}  // namespace reel::maps
