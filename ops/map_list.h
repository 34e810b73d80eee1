#pragma once

// Every map: the function users call and the functor that defines it. The list makes the functions, the table
// of operations and the loops of the CPU runner.
// clang-format off
#define REEL_MAPS(unary, binary)                                                                       \
  binary(add, Add) binary(sub, Sub) binary(mul, Mul) binary(div, Div) binary(pow, Pow)                 \
  binary(minimum, Minimum) binary(maximum, Maximum) binary(remainder, Remainder)                       \
  binary(scaled_adjoint, ScaledAdjoint) binary(divided_adjoint, DividedAdjoint)                        \
  binary(absorbing_product, AbsorbingProduct)                                                          \
  unary(neg, Neg) unary(abs, Abs) unary(sign, Sign) unary(square, Square) unary(sqrt, Sqrt)            \
  unary(exp, Exp) unary(expm1, Expm1) unary(log, Log) unary(log1p, Log1p) unary(sin, Sin)              \
  unary(cos, Cos) unary(tanh, Tanh) unary(sigmoid, Sigmoid) unary(erf, Erf) unary(relu, Relu)          \
  unary(softplus, Softplus) unary(floor, Floor) unary(ceil, Ceil) unary(round, Round)                  \
  unary(stop_gradient, StopGradient)                                                                   \
  binary(equal, Equal) binary(not_equal, NotEqual) binary(less, Less) binary(less_equal, LessEqual)    \
  binary(greater, Greater) binary(greater_equal, GreaterEqual) unary(isfinite, IsFinite)               \
  binary(logical_and, And) binary(logical_or, Or) unary(logical_not, Not)
// clang-format on
