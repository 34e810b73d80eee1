#include <reel/ops.h>

namespace reel {

Tensor reciprocal(const Tensor& x) { return 1 / x; }

Tensor rsqrt(const Tensor& x) { return 1 / sqrt(x); }

Tensor clamp(const Tensor& x, const Tensor& low, const Tensor& high) {
  return minimum(maximum(x, low), high);
}

Tensor softsign(const Tensor& x) { return x / (1 + abs(x)); }

// The factor is NaN where x is, so that the derivative is too.
Tensor leaky_relu(const Tensor& x, const Tensor& slope) {
  return x * select(x > 0, 1, select(x <= 0, slope, stop_gradient(x)));
}

// Not expm1(x), which may overflow where it is not taken. Not minimum(x, 0): at 0 that passes half, and the
// slope there is `scale`.
Tensor elu(const Tensor& x, const Tensor& scale) {
  const auto positive = x > 0;
  return select(positive, x, scale * expm1(select(positive, 0, x)));
}

Tensor gelu(const Tensor& x) {
  constexpr double root_half = 0.7071067811865476;
  return 0.5 * x * (1 + erf(root_half * x));
}

Tensor gelu_tanh(const Tensor& x) {
  constexpr double root_two_over_pi = 0.7978845608028654;
  return 0.5 * x * (1 + tanh(root_two_over_pi * (x + 0.044715 * x * square(x))));
}

Tensor silu(const Tensor& x) { return x * sigmoid(x); }

Tensor gauss(const Tensor& x) { return exp(-square(x)); }

Tensor symmetric_relu(const Tensor& x) { return abs(x); }

Tensor hard_tanh(const Tensor& x) { return clamp(x, -1, 1); }

Tensor hard_sigmoid(const Tensor& x) { return clamp(x / 6 + 0.5, 0, 1); }

}  // namespace reel
