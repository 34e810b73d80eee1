// Values and derivatives where a formula alone does not say them: at kinks, jumps, ties, zeros and
// infinities.

#include <reel/losses.h>

#include "catch.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

namespace {

bool all_nan(const List& list) {
  return std::all_of(list.begin(), list.end(), [](double x) { return std::isnan(x); });
}

Tensor row(const List& list) { return constant(Array(list)); }

}  // namespace

TEST_CASE("slopes at kinks are as documented") {
  CHECK(slope({-1, 0, 2}, relu) == List{0, 0, 1});
  CHECK(slope({0.0, -0.0, -3, 3}, reel::abs) == List{0, 0, -1, 1});
  CHECK(slope({0, -3}, symmetric_relu) == List{0, -1});
  CHECK(slope({0, -1, 1}, [](Tensor x) { return leaky_relu(x, 0.125); }) == List{0.125, 0.125, 1});
  CHECK(slope({0}, softsign) == List{1});
  // On a bound half passes, as a tie of two.
  CHECK(slope({-2, -1, 0, 1, 2}, [](Tensor x) { return clamp(x, -1, 1); }) == List{0, 0.5, 1, 0.5, 0});
  CHECK(slope({-1, 1}, hard_tanh) == List{0.5, 0.5});
  CHECK(slope({-3, 0, 3}, hard_sigmoid) == List{0.5 * (1. / 6), 1. / 6, 0.5 * (1. / 6)});
}

TEST_CASE("the bounds of clamp get what x does not") {
  const auto by_bounds = [](Tensor low, Tensor high) { return clamp(row({-2, -1, 0, 1, 2}), low, high); };
  CHECK(slopes({-1}, {1}, by_bounds) == List{1.5, 1.5});
  // Bounds in the wrong order: the upper one wins.
  CHECK(value({0, 5}, [](Tensor x) { return clamp(x, 2, 1); }) == List{1, 1});
}

TEST_CASE("slopes that are infinite") {
  CHECK(slope({0}, reel::sqrt) == List{infinity});
  CHECK(slope({0}, reel::log) == List{infinity});
  CHECK(slope({-1}, reel::log1p) == List{infinity});
  CHECK(slope({0}, reciprocal) == List{-infinity});
  CHECK(slope({0}, rsqrt) == List{-infinity});
}

TEST_CASE("what jumps has slope zero, also at the jumps") {
  for (auto f : {reel::sign, reel::floor, reel::ceil, reel::round, stop_gradient})
    CHECK(slope({0, -1, 0.5, 2.5}, [f](Tensor x) { return f(x) + 0 * x; }) == List{0, 0, 0, 0});
  CHECK(value({0.5, 1.5, 2.5, -0.5}, reel::round) == List{0, 2, 2, 0});
  CHECK(value({0.0, -0.0, 3, -2, -infinity}, reel::sign) == List{0, 0, 1, -1, -1});
  // A conversion to integers ends the derivative.
  CHECK(slope({1.5}, [](Tensor x) { return x * cast(cast(x, ElementType::int32), ElementType::float64); }) ==
        List{1});
  CHECK(slope({1, 2}, [](Tensor x) { return x * stop_gradient(x); }) == List{1, 2});
}

TEST_CASE("elements that tie share the adjoint equally") {
  CHECK(slope({3, 1, 3, 3}, [](Tensor x) { return max(x); }) == List{1. / 3, 0, 1. / 3, 1. / 3});
  CHECK(slope({3, 1, 1, 3}, [](Tensor x) { return min(x); }) == List{0, 0.5, 0.5, 0});
  // Zeros of both signs are equal.
  CHECK(slope({0.0, -0.0}, [](Tensor x) { return max(x); }) == List{0.5, 0.5});
  CHECK(slopes({1, 2, 3}, {2, 2, 2}, maximum) == List{0, 0.5, 1, 1, 0.5, 0});
  CHECK(slopes({1, 2, 3}, {2, 2, 2}, minimum) == List{1, 0.5, 0, 0, 0.5, 1});
  // An operand with itself: the halves add up.
  CHECK(slope({5}, [](Tensor x) { return maximum(x, x); }) == List{1});
}

TEST_CASE("the extreme of what holds a NaN is NaN, and of infinities an infinity") {
  const auto largest = [](Tensor x) { return max(x); };
  const auto smallest = [](Tensor x) { return min(x); };
  for (const auto& x : {List{NAN, 1, 2}, List{1, NAN, 2}, List{1, 2, NAN}}) {
    CHECK(all_nan(value(x, largest)));
    CHECK(all_nan(value(x, smallest)));
  }
  CHECK(value({-infinity, -infinity}, largest) == List{-infinity});
  CHECK(value({infinity, infinity}, smallest) == List{infinity});
}

TEST_CASE("products with zeros have the slopes of the formula") {
  const auto product = [](Tensor x) { return prod(x); };
  CHECK(slope({2, 0, 3}, product) == List{0, 6, 0});
  CHECK(slope({0, 2, 0}, product) == List{0, 0, 0});
  CHECK(slope({0}, product) == List{1});
  // Second derivatives: of xyz summed over pairs, at one zero and at two.
  CHECK(curvature({2, 0, 3}, product) == List{3, 5, 2});
  CHECK(curvature({0, 2, 0}, product) == List{2, 0, 2});
  const auto products = [](Tensor x) { return cumprod(x, 0); };
  CHECK(slope({2, 0, 3}, products) == List{1, 8, 0});
  CHECK(slope({0, 2, 0, 5}, products) == List{3, 0, 0, 0});
}

TEST_CASE("powers at zero") {
  // By the base: x^0 is constant, x^1 is x, a root is steep and a negative power falls.
  const auto by_base = slopes({0, 0, 0, 0, 0}, {0, 1, 2, 0.5, -1}, reel::pow);
  CHECK(List(by_base.begin(), by_base.begin() + 5) == List{0, 1, 0, infinity, -infinity});
  // By the exponent: 0 wherever the base is 0.
  CHECK(List(by_base.begin() + 5, by_base.end()) == List{0, 0, 0, 0, 0});
  CHECK(value({0}, [](Tensor x) { return pow(x, 0); }) == List{1});
  CHECK(curvature({0, -2}, [](Tensor x) { return pow(x, 2); }) == List{2, 2});
  CHECK(curvature({0}, [](Tensor x) { return pow(x, 0); }) == List{0});
  CHECK(curvature({0}, [](Tensor x) { return pow(x, 1); }) == List{0});
  // Where the exponent is 0 the slope by the base still varies with it, by 1 / x, in either order.
  CHECK(slopes({2}, {0}, [](Tensor x, Tensor a) { return gradients(pow(x, a), {x})[0]; }) == List{0, 0.5});
  CHECK(slopes({2}, {0}, [](Tensor x, Tensor a) { return gradients(pow(x, a), {a})[0]; })[0] == 0.5);
  // A negative base has a power, but no slope by the exponent.
  const auto negative = slopes({-2}, {3}, reel::pow);
  CHECK(negative[0] == 12);
  CHECK(std::isnan(negative[1]));
}

TEST_CASE("the norm of zeros has slope zero") {
  const auto length = [](Tensor x) { return norm(x); };
  CHECK(slope({0, 0}, length) == List{0, 0});
  CHECK(slope({3, 0}, length) == List{1, 0});
  CHECK(curvature({0, 0}, length) == List{0, 0});
}

TEST_CASE("smooth activations are smooth at zero") {
  CHECK(slope({0}, softplus) == List{0.5});
  CHECK(slope({0}, [](Tensor x) { return elu(x, 2); }) == List{2});
  CHECK(slope({0}, [](Tensor x) { return elu(x); }) == List{1});
  CHECK(slope({0}, gelu) == List{0.5});
  CHECK(slope({0}, gelu_tanh) == List{0.5});
  CHECK(slope({0}, silu) == List{0.5});
  CHECK(curvature({0}, softplus) == List{0.25});
  CHECK(curvature({0}, silu) == List{0.5});
}

TEST_CASE("activations at the far ends") {
  CHECK(value({-1000, 1000, -infinity, infinity}, softplus) == List{0, 1000, 0, infinity});
  CHECK(slope({-1000, 1000}, softplus) == List{0, 1});
  CHECK(slope({-1000, 1000}, sigmoid) == List{0, 0});
  CHECK(slope({-1000, 1000}, reel::tanh) == List{0, 0});
  CHECK(slope({-1000, 1000}, [](Tensor x) { return elu(x); }) == List{0, 1});
  CHECK(slope({-1000, 1000}, silu) == List{0, 1});
  CHECK(slope({-1000, 1000}, gelu) == List{0, 1});
  CHECK(slope({-1000, 1000}, gelu_tanh) == List{0, 1});
  CHECK(slope({-1000, 1000}, gauss) == List{0, 0});
  CHECK(slope({-1000, 1000}, [](Tensor x) { return logsumexp(x); }) == List{0, 1});
}

TEST_CASE("select passes exact zeros to the branch not taken") {
  CHECK(slope({0, 4}, [](Tensor x) { return select(x > 0, sqrt(select(x > 0, x, 1)), 0); }) == List{0, 0.25});
  // Whatever the branch is: its own adjoint is zero.
  for (double odd : List{NAN, infinity, -infinity}) {
    const auto choose = [](Tensor a, Tensor b) { return select(row({1, 0}) > 0, a, b); };
    CHECK(slopes({1, odd}, {odd, 1}, choose) == List{1, 0, 0, 1});
    CHECK(slopes({1, odd}, {odd, 1}, [&](Tensor a, Tensor b) { return square(choose(a, b)); }) ==
          List{2, 0, 0, 2});
  }
}

TEST_CASE("nothing hides a NaN") {
  CHECK(all_nan(value({NAN}, [](Tensor x) { return 0 * x; })));
  CHECK(all_nan(value({infinity}, [](Tensor x) { return 0 * x; })));
  CHECK(all_nan(value({NAN, 1}, [](Tensor x) { return maximum(x, row({1, NAN})); })));
  CHECK(all_nan(value({NAN, 1}, [](Tensor x) { return minimum(x, row({1, NAN})); })));
}

TEST_CASE("the derivative at NaN is NaN, where there is an adjoint") {
  const std::vector<std::function<Tensor(Tensor)>> functions{relu,
                                                             reel::abs,
                                                             reel::exp,
                                                             reel::log,
                                                             reel::sqrt,
                                                             square,
                                                             reel::expm1,
                                                             reel::log1p,
                                                             reel::sin,
                                                             reel::cos,
                                                             reel::tanh,
                                                             sigmoid,
                                                             reel::erf,
                                                             softplus,
                                                             reciprocal,
                                                             rsqrt,
                                                             softsign,
                                                             gelu,
                                                             gelu_tanh,
                                                             silu,
                                                             gauss,
                                                             symmetric_relu,
                                                             hard_tanh,
                                                             hard_sigmoid,
                                                             [](Tensor x) { return leaky_relu(x, 0.125); },
                                                             [](Tensor x) { return elu(x); },
                                                             [](Tensor x) { return clamp(x, -1, 1); },
                                                             [](Tensor x) { return pow(x, 2); },
                                                             [](Tensor x) { return maximum(x, 1); },
                                                             [](Tensor x) { return maximum(1, x); },
                                                             [](Tensor x) { return minimum(x, 1); },
                                                             [](Tensor x) { return minimum(1, x); },
                                                             [](Tensor x) { return max(x); },
                                                             [](Tensor x) { return min(x); },
                                                             [](Tensor x) {
                                                               return max(stack({x, row({3})}), {0});
                                                             },
                                                             [](Tensor x) { return norm(x); },
                                                             [](Tensor x) { return logsumexp(x); },
                                                             [](Tensor x) { return variance(x); }};
  for (std::size_t i = 0; i < functions.size(); ++i) {
    INFO("function " << i);
    CHECK(all_nan(slope({NAN}, functions[i])));
    // Without one it is zero.
    CHECK(slope({NAN}, [&](Tensor x) { return select(x == x, functions[i](x), 0); }) == List{0});
    CHECK(slope({NAN}, [&](Tensor x) { return 0 * functions[i](x); }) == List{0});
  }
  // Nobody can tell which of the operands an extreme that is NaN has taken.
  CHECK(all_nan(slopes({NAN, 1}, {1, NAN}, maximum)));
  CHECK(all_nan(slopes({NAN, 1}, {1, NAN}, minimum)));
  CHECK(all_nan(slope({1, NAN, 2}, [](Tensor x) { return max(x); })));
  CHECK(all_nan(slope({1, NAN, 2}, [](Tensor x) { return min(x); })));
  // A divisor that is infinite leaves nothing of an adjoint, but not of a NaN.
  CHECK(all_nan(slope({infinity, 1}, [](Tensor x) { return x / norm(x); })));
  CHECK(std::isnan(slopes({NAN}, {infinity}, reel::div)[1]));
  CHECK(std::isnan(slope({1000, 0}, [](Tensor x) { return exp(x) / sum(exp(x)); })[0]));
  // In its own row alone.
  const auto rows = run({doubles({2, 2}, {NAN, 1, 2, 3})},
                        [](const Tensors& in) -> Tensors { return {gradients(max(in[0], {1}), in)[0]}; });
  CHECK(std::isnan(rows[0].at(0)));
  CHECK(std::isnan(rows[0].at(1)));
  CHECK(rows[0].at(2) == 0);
  CHECK(rows[0].at(3) == 1);
}

TEST_CASE("kinks stand beside infinities") {
  CHECK(slope({infinity, -infinity}, relu) == List{1, 0});
  CHECK(slope({infinity, -infinity}, reel::abs) == List{1, -1});
  CHECK(slope({infinity, -infinity, 2}, [](Tensor x) { return leaky_relu(x, 0.125); }) == List{1, 0.125, 1});
  CHECK(slope({infinity, 1, infinity}, [](Tensor x) { return max(x); }) == List{0.5, 0, 0.5});
  CHECK(slopes({infinity, -infinity}, {infinity, 0}, maximum) == List{0.5, 0, 0.5, 1});
  // An adjoint that is infinite does not come through what was not taken.
  CHECK(slope({-1, 0}, [](Tensor x) { return sqrt(relu(x)); }) == List{0, 0});
  CHECK(slope({-1}, [](Tensor x) { return sqrt(maximum(x, 0)); }) == List{0});
  CHECK(slope({-1, 0}, [](Tensor x) { return sqrt(max(x)); }) == List{0, infinity});
}

TEST_CASE("an integer remainder by zero is zero") {
  const Array a(std::vector<std::int32_t>{5, -5, 0, std::numeric_limits<std::int32_t>::min()}),
      b(std::vector<std::int32_t>{0, 0, 0, -1});
  const auto r = run({a, b}, [](const Tensors& in) -> Tensors { return {remainder(in[0], in[1])}; });
  CHECK(values(r[0]) == List{0, 0, 0, 0});
  CHECK(all_nan(value({5}, [](Tensor x) { return remainder(x, 0); })));
}

TEST_CASE("a query that sees no key gets zeros and gives none") {
  const auto q = doubles({2, 2}, {1, 2, 3, 4}), k = doubles({3, 2}, {1, 0, 0, 1, NAN, infinity}),
             v = doubles({3, 1}, {5, 7, 0});
  const Array mask(Shape{2, 3}, std::vector<bool>{false, false, false, true, false, false});
  const auto r = run({q, k, v, mask}, [](const Tensors& in) -> Tensors {
    const auto y = attention(in[0], in[1], in[2], in[3]);
    const auto g = gradients(y, {in[2]});
    return {y, g[0], gradients(attention(in[0], zeros({3, 2}), in[2], in[3]), {in[0]})[0]};
  });
  CHECK(values(r[0]) == List{0, 5});
  CHECK(values(r[1]) == List{1, 0, 0});
  CHECK(values(r[2]) == List{0, 0, 0, 0});
}

TEST_CASE("cross-entropy with everything masked is 0 with slope 0") {
  const auto logits = doubles({2, 2}, {1, 2, 3, 4});
  const Array targets(Shape{2}, std::vector<std::int64_t>{0, -1}),
      mask(Shape{2}, std::vector<bool>{false, false});
  const auto r = run({logits, targets, mask}, [](const Tensors& in) -> Tensors {
    const auto loss = cross_entropy(in[0], in[1], in[2]);
    return {loss, gradients(loss, {in[0]})[0]};
  });
  CHECK(values(r[0]) == List{0});
  CHECK(values(r[1]) == List{0, 0, 0, 0});
}
