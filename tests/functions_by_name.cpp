#include <reel/ops.h>

#include "references.h"

namespace reel::test {

namespace {

NamedFunction plain(Tensor (*f)(const Tensor&)) {
  return [f](const Tensors& x, const Parameters&) -> Tensors { return {f(x.at(0))}; };
}
NamedFunction plain(Tensor (*f)(const Tensor&, const Tensor&)) {
  return [f](const Tensors& x, const Parameters&) -> Tensors { return {f(x.at(0), x.at(1))}; };
}
NamedFunction plain(Tensor (*f)(const Tensor&, const Tensor&, const Tensor&)) {
  return [f](const Tensors& x, const Parameters&) -> Tensors { return {f(x.at(0), x.at(1), x.at(2))}; };
}

/// With a slope or scale as second operand, or as parameter.
NamedFunction scaled(Tensor (*f)(const Tensor&, const Tensor&)) {
  return [f](const Tensors& x, const Parameters& p) -> Tensors {
    return {f(x.at(0), p.size() == 0 ? x.at(1) : p.real(0))};
  };
}

/// Over all axes without parameters, else over the axes of the first, kept or not.
NamedFunction reduction(Tensor (*all)(const Tensor&), Tensor (*over)(const Tensor&, const Axes&, bool)) {
  return [=](const Tensors& x, const Parameters& p) -> Tensors {
    return {p.size() == 0 ? all(x.at(0)) : over(x.at(0), p.list(0), p.integer(1))};
  };
}

NamedFunction along_axis(Tensor (*f)(const Tensor&, std::int64_t)) {
  return [f](const Tensors& x, const Parameters& p) -> Tensors { return {f(x.at(0), p.integer(0))}; };
}
NamedFunction along_axis(Tensor (*f)(const Tensor&, std::int64_t, bool)) {
  return [f](const Tensors& x, const Parameters& p) -> Tensors {
    return {f(x.at(0), p.integer(0), p.integer(1))};
  };
}
NamedFunction along_axis(Tensor (*f)(const Tensor&, std::int64_t, double)) {
  return
      [f](const Tensors& x, const Parameters& p) -> Tensors { return {f(x.at(0), p.integer(0), p.real(1))}; };
}

}  // namespace

// clang-format off
#define REEL_PLAIN(name) {#name, plain(reel::name)}
#define REEL_SCALED(name) {#name, scaled(reel::name)}
#define REEL_REDUCTION(name) {#name, reduction(reel::name, reel::name)}
#define REEL_ALONG(name) {#name, along_axis(reel::name)}
#define REEL_FUNCTION(name, ...) \
  {#name, [](const Tensors& x, const Parameters& p) -> Tensors { return (void)x, (void)p, __VA_ARGS__; }}
#define REEL_TENSOR(name, ...) REEL_FUNCTION(name, Tensors{reel::name(__VA_ARGS__)})
// clang-format on

const std::map<std::string, NamedFunction>& functions_by_name() {
  static const std::map<std::string, NamedFunction> functions{
      // Maps.
      REEL_PLAIN(add), REEL_PLAIN(sub), REEL_PLAIN(mul), REEL_PLAIN(div), REEL_PLAIN(neg), REEL_PLAIN(pow),
      REEL_PLAIN(minimum), REEL_PLAIN(maximum), REEL_PLAIN(remainder), REEL_PLAIN(abs), REEL_PLAIN(sign),
      REEL_PLAIN(exp), REEL_PLAIN(log), REEL_PLAIN(tanh), REEL_PLAIN(sigmoid), REEL_PLAIN(relu),
      REEL_PLAIN(sqrt), REEL_PLAIN(square), REEL_PLAIN(expm1), REEL_PLAIN(log1p), REEL_PLAIN(sin),
      REEL_PLAIN(cos), REEL_PLAIN(erf), REEL_PLAIN(floor), REEL_PLAIN(ceil), REEL_PLAIN(round),
      REEL_PLAIN(isfinite), REEL_PLAIN(stop_gradient), REEL_PLAIN(equal), REEL_PLAIN(not_equal),
      REEL_PLAIN(less), REEL_PLAIN(less_equal), REEL_PLAIN(greater), REEL_PLAIN(greater_equal),
      REEL_PLAIN(logical_and), REEL_PLAIN(logical_or), REEL_PLAIN(logical_not), REEL_PLAIN(select),
      REEL_PLAIN(masked_fill), REEL_TENSOR(cast, x.at(0), p.element(0)),
      // Activations.
      REEL_PLAIN(reciprocal), REEL_PLAIN(rsqrt), REEL_PLAIN(clamp), REEL_PLAIN(softplus),
      REEL_PLAIN(softsign), REEL_SCALED(leaky_relu), REEL_SCALED(elu), REEL_PLAIN(gelu),
      REEL_PLAIN(gelu_tanh), REEL_PLAIN(silu), REEL_PLAIN(gauss), REEL_PLAIN(symmetric_relu),
      REEL_PLAIN(hard_tanh), REEL_PLAIN(hard_sigmoid),
      // Reductions and scans.
      REEL_REDUCTION(sum), REEL_REDUCTION(prod), REEL_REDUCTION(max), REEL_REDUCTION(min),
      REEL_REDUCTION(mean), REEL_REDUCTION(norm), REEL_REDUCTION(logsumexp), REEL_REDUCTION(any),
      REEL_REDUCTION(all), REEL_ALONG(argmax), REEL_ALONG(argmin),
      REEL_FUNCTION(variance, Tensors{p.size() == 0 ? reel::variance(x.at(0))
                                                    : reel::variance(x.at(0), p.list(0), p.integer(1),
                                                                     p.size() > 2 ? p.real(2) : 0)}),
      REEL_ALONG(cumsum), REEL_ALONG(cumprod),
      REEL_TENSOR(linear_scan, x.at(0), x.at(1), p.integer(0), p.integer(1)),
      // Index maps.
      REEL_TENSOR(reshape, x.at(0), p.list(0)), REEL_TENSOR(permute, x.at(0), p.list(0)),
      REEL_TENSOR(transpose, x.at(0), p.integer(0), p.integer(1)),
      REEL_TENSOR(slice, x.at(0), p.integer(0), p.integer(1), p.integer(2), p.integer(3)),
      REEL_TENSOR(index, x.at(0), p.integer(0), p.integer(1)),
      REEL_TENSOR(pad, x.at(0), p.integer(0), p.integer(1), p.integer(2), p.integer(3)),
      REEL_TENSOR(flip, x.at(0), p.list(0)), REEL_TENSOR(concat, x, p.integer(0)),
      REEL_TENSOR(stack, x, p.integer(0)), REEL_TENSOR(broadcast_to, x.at(0), Shape(p.list(0))),
      REEL_FUNCTION(split, reel::split(x.at(0), p.integer(0), p.integer(1))),
      REEL_TENSOR(roll, x.at(0), p.integer(0), p.integer(1)), REEL_TENSOR(tile, x.at(0), p.list(0)),
      REEL_ALONG(squeeze), REEL_ALONG(unsqueeze),
      // Gather and scatter.
      REEL_TENSOR(gather, x.at(0), x.at(1), p.integer(0)),
      REEL_TENSOR(scatter_add, x.at(0), x.at(1), p.integer(0), p.integer(1)),
      REEL_TENSOR(take_along_axis, x.at(0), x.at(1), p.integer(0)),
      REEL_TENSOR(scatter_add_along_axis, x.at(0), x.at(1), p.integer(0), p.integer(1)),
      REEL_TENSOR(one_hot, x.at(0), p.integer(0), p.element(1)),
      // From nothing.
      REEL_TENSOR(lower_triangle, p.integer(0), p.integer(1), p.integer(2)),
      REEL_TENSOR(iota, p.integer(0), p.element(1)),
      REEL_TENSOR(full, Shape(p.list(0)), p.real(1), p.element(2)),
      // Products and what is composed from them.
      REEL_PLAIN(matmul), REEL_TENSOR(einsum, p.text(0), x), REEL_ALONG(softmax), REEL_ALONG(log_softmax),
      REEL_ALONG(layer_norm), REEL_ALONG(rms_norm),
      REEL_TENSOR(attention, x.at(0), x.at(1), x.at(2), x.size() > 3 ? x[3] : Tensor{})};
  return functions;
}

}  // namespace reel::test
