#include "maps.h"

#include "table.h"

namespace reel {

// Every map: the function users call and the functor that defines it. The list makes both the functions and
// the table.
#define REEL_MAPS(unary, binary)                                                                      \
  binary(add, Add) binary(sub, Sub) binary(mul, Mul) binary(div, Div) unary(neg, Neg) unary(exp, Exp) \
      unary(log, Log) unary(tanh, Tanh) unary(sigmoid, Sigmoid) unary(relu, Relu) unary(sqrt, Sqrt)   \
          unary(square, Square) unary(stop_gradient, StopGradient) binary(equal, Equal)               \
              binary(not_equal, NotEqual) binary(less, Less) binary(less_equal, LessEqual)            \
                  binary(greater, Greater) binary(greater_equal, GreaterEqual)

#define REEL_UNARY(function, F) \
  Tensor function(const Tensor& x) { return apply<maps::F>(x); }
#define REEL_BINARY(function, F) \
  Tensor function(const Tensor& a, const Tensor& b) { return apply<maps::F>(a, b); }
#define REEL_ENTRY(function, F) &map_operation<maps::F>(),

REEL_MAPS(REEL_UNARY, REEL_BINARY)

std::vector<const Operation*> map_table() { return {REEL_MAPS(REEL_ENTRY, REEL_ENTRY)}; }

const Operation& add_operation() { return map_operation<maps::Add>(); }

}  // namespace reel
