// A branch that is not taken gets exactly zero, whatever its slope there, in every form a computation runs
// in; and where it is taken, derivatives of every order are those of the formula.

#include <reel/unroll_flat.h>

#include <cmath>

#include "catch.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

namespace {

/// A function of a vector, and what sum(f(x)) has for derivatives: the slope, and the derivative of the sum
/// of the slopes.
struct Branch {
  const char* name;
  std::function<Tensor(Tensor)> f;
  List x, slope, curvature;
};

Tensor nothing_at_zero(const Tensor& d, const Tensor& value) { return select(d == 0, 0, value); }
Tensor if_positive(const Tensor& x, const Tensor& value) { return select(x > 0, value, 0); }
Tensor if_finite(const Tensor& value) { return select(isfinite(value), value, 0); }
/// In the element type of `x`.
Tensor row(const List& list, const Tensor& x) { return constant(Array(list).cast(x.element())); }
/// p log p, without what has no logarithm.
Tensor entropy(const Tensor& p) { return -sum(if_positive(p, p * log(p))); }

const double s = std::sin(1), c = std::cos(1), l2 = std::log(2), l3 = std::log(3);
const double h = 2 * l2 - 0.75 * l3;  // the entropy of 1/4 and 3/4

std::vector<Branch> branches() {
  return {
      {"x / d by d", [](Tensor d) { return nothing_at_zero(d, 3 / d); }, {0, 2}, {0, -0.75}, {0, 0.75}},
      {"0 / d by d", [](Tensor d) { return nothing_at_zero(d, 0 / d); }, {0, 2}, {0, 0}, {0, 0}},
      {"x / d by x",
       [](Tensor x) {
         return nothing_at_zero(row({0, 2}, x), x / row({0, 2}, x));
       },
       {0, 3},
       {0, 0.5},
       {0, 0}},
      {"log", [](Tensor x) { return if_positive(x, log(x)); }, {0, -1, 2}, {0, 0, 0.5}, {0, 0, -0.25}},
      {"length of nothing",
       [](Tensor x) { return maximum(sqrt(sum(square(x))), 1e-10); },
       {0, 0},
       {0, 0},
       {0, 0}},
      {"length",
       [](Tensor x) { return maximum(sqrt(sum(square(x))), 1e-10); },
       {3, 4},
       {0.6, 0.8},
       {0.032, -0.024}},
      {"p log p", entropy, {0, 0.5}, {0, l2 - 1}, {0, -2}},
      {"entropy of a softmax with a zero",
       [](Tensor x) { return entropy(softmax(x)); },
       {0, -1000, l3},
       {0.25 * (2 * l2 - h), 0, 0.75 * (2 * l2 - l3 - h)},
       {0, 0, 0}},
      {"a root by pow",
       [](Tensor x) { return if_positive(x, pow(x, 0.5)); },
       {0, -1, 4},
       {0, 0, 0.25},
       {0, 0, -1. / 32}},
      {"a power by its exponent",
       [](Tensor a) {
         return if_positive(row({-2, 1, 1}, a), pow(row({-2, 0, 1}, a), a));
       },
       {0.5, -1, 2},
       {0, 0, 0},
       {0, 0, 0}},
      {"sine over x",
       [](Tensor x) { return select(abs(x) < 1e-6, 1, sin(x) / x); },
       {0, 1},
       {0, c - s},
       {0, s - 2 * c}},
      {"root of an extreme", [](Tensor x) { return sqrt(maximum(x, 0)); }, {-1, 4}, {0, 0.25}, {0, -1. / 32}},
      {"root of relu", [](Tensor x) { return sqrt(relu(x)); }, {-1, 0, 4}, {0, 0, 0.25}, {0, 0, -1. / 32}},
      {"half a circle",
       [](Tensor x) { return select(abs(x) < 1, sqrt(1 - square(x)), 0); },
       {1, -2, 0.6},
       {0, 0, -0.75},
       {0, 0, -1.953125}},
      {"log1p",
       [](Tensor x) { return select(x > -1, log1p(x), 0); },
       {-1, -2, 1},
       {0, 0, 0.5},
       {0, 0, -0.25}},
      {"one over a square",
       [](Tensor x) { return nothing_at_zero(x, 1 / square(x)); },
       {0, 2},
       {0, -0.25},
       {0, 0.375}},
      {"one over a root",
       [](Tensor x) { return if_positive(x, rsqrt(x)); },
       {0, -1, 1},
       {0, 0, -0.5},
       {0, 0, 0.75}},
      {"tanh of a logarithm",
       [](Tensor x) { return if_positive(x, tanh(log(x))); },
       {-1, 0, 1},
       {0, 0, 1},
       {0, 0, -1}},
      {"sigmoid of a root",
       [](Tensor x) { return if_positive(x, sigmoid(sqrt(x) - 1)); },
       {-1, 0, 1},
       {0, 0, 0.125},
       {0, 0, -0.0625}},
      {"exp that overflows", [](Tensor x) { return select(x < 80, exp(x), 0); }, {1000, 0}, {0, 1}, {0, 1}},
      {"expm1 that overflows",
       [](Tensor x) { return select(x < 80, expm1(x), 0); },
       {1000, 0},
       {0, 1},
       {0, 1}},
      {"a product with infinities",
       [](Tensor x) { return if_finite(x * x); },
       {infinity, NAN, 3},
       {0, 0, 6},
       {0, 0, 2}},
      {"a square of infinities",
       [](Tensor x) { return if_finite(square(x)); },
       {-infinity, NAN, 3},
       {0, 0, 6},
       {0, 0, 2}},
      {"sine of infinities", [](Tensor x) { return if_finite(sin(x)); }, {infinity, 0}, {0, 1}, {0, 0}},
      {"a remainder by nothing",
       [](Tensor d) { return nothing_at_zero(d, remainder(5, d)); },
       {0, 2},
       {0, -2},
       {0, 0}},
      {"prod of zero and infinity",
       [](Tensor x) { return if_finite(prod(x)); },
       {0, infinity, 2},
       {0, 0, 0},
       {0, 0, 0}},
      {"cumprod with an infinity",
       [](Tensor x) { return if_finite(cumprod(x, 0)); },
       {2, infinity, 3},
       {1, 0, 0},
       {0, 0, 0}},
      {"cumprod with a zero behind an infinity",
       [](Tensor x) { return if_finite(cumprod(x, 0)); },
       {2, infinity, 0},
       {1, 0, 0},
       {0, 0, 0}},
      {"deviation of a constant",
       [](Tensor x) {
         const auto v = variance(x);
         return if_positive(v, sqrt(v));
       },
       {2, 2},
       {0, 0},
       {0, 0}},
      {"logsumexp of nothing",
       [](Tensor x) { return if_finite(logsumexp(x)); },
       {-infinity, -infinity},
       {0, 0},
       {0, 0}},
      {"an extreme that is NaN", [](Tensor x) { return if_finite(max(x)); }, {NAN, 1}, {0, 0}, {0, 0}},
      // Where an adjoint is zero since a loss is at its minimum.
      {"(2 x)^2", [](Tensor x) { return square(2 * x); }, {0}, {0}, {8}},
      {"(x - 1) (x - 1)", [](Tensor x) { return (x - 1) * (x - 1); }, {1}, {0}, {2}},
      {"log(x)^2", [](Tensor x) { return square(log(x)); }, {1}, {0}, {2}},
      {"(root - 1)^2", [](Tensor x) { return square(sqrt(x) - 1); }, {1}, {0}, {0.5}},
      {"(1 / x - 1)^2", [](Tensor x) { return square(1 / x - 1); }, {1}, {0}, {2}},
      {"(exp - 1)^2", [](Tensor x) { return square(exp(x) - 1); }, {0}, {0}, {2}},
      {"tanh^2", [](Tensor x) { return square(tanh(x)); }, {0}, {0}, {2}},
      {"(prod - 1)^2", [](Tensor x) { return square(prod(x) - 1); }, {1, 1}, {0, 0}, {4, 4}},
      {"(cumprod - 1)^2", [](Tensor x) { return square(cumprod(x, 0) - 1); }, {1, 1}, {0, 0}, {6, 4}},
  };
}

/// How a function of a vector is run: by itself, or as each of two equal steps, of which the mean is taken.
enum class Form { plain, of_a_sequence, of_a_capture, expanded };

Tensor total(const Branch& branch, const Tensor& x, Form form) {
  if (form == Form::plain) return sum(branch.f(x));
  UnrollOptions options;
  options.expanded = form == Form::expanded;
  const auto cell = [&](const Tensors& in, const Tensors&) -> FlatStep {
    return {{sum(branch.f(form == Form::of_a_capture ? x : in[0]))}, {}};
  };
  const auto sequence = form == Form::of_a_capture ? Tensors{} : Tensors{stack({x, x})};
  return 0.5 * sum(unroll_flat(2, sequence, {}, cell, options).outputs[0]);
}

/// What is 0 may be off by `near_zero`, other numbers by a part of their size.
void check_close(const Array& found, const List& expected, double tolerance, double near_zero) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    INFO("element " << i << " of " << to_string(found));
    const double allowed = std::max(near_zero, tolerance * std::abs(expected[i]));
    CHECK(std::abs(found.at(static_cast<std::int64_t>(i)) - expected[i]) <= allowed);
  }
}

void check_branch(const Branch& branch, ElementType element, Form form, const Device& device,
                  const CompileOptions& options) {
  Tape tape(element);
  Recording recording(tape);
  const auto values = Array(branch.x).cast(element);
  const auto x = tape.argument(values.type());
  const auto slope = gradients(total(branch, x, form), {x})[0];
  const auto curvature = gradients(sum(slope), {x})[0];
  const auto results = compile(tape, {slope, curvature}, device, options).run({values});
  const double tolerance = element == ElementType::float64 ? 1e-14 : 2e-6;
  INFO(branch.name << " in " << name_of(element) << ", form " << static_cast<int>(form));
  // Not taken is exactly zero. A curvature may also be what terms leave that cancel.
  check_close(results[0], branch.slope, tolerance, 0);
  check_close(results[1], branch.curvature, tolerance, tolerance);
}

}  // namespace

TEST_CASE("the branch not taken gets exactly zero, and derivatives are there where it is taken") {
  const auto cpu = Device::cpu(), reference = Device::reference();
  CompileOptions as_recorded;
  AsRecorded(as_recorded);
  for (const auto& branch : branches())
    for (auto element : {ElementType::float32, ElementType::float64})
      for (auto form : {Form::plain, Form::of_a_sequence, Form::of_a_capture, Form::expanded}) {
        check_branch(branch, element, form, cpu, {});
        check_branch(branch, element, form, cpu, as_recorded);
        check_branch(branch, element, form, reference, {});
      }
}

TEST_CASE("nothing comes out of a branch not taken, whatever the operation and its operands") {
  const List special{0, -0.0, 1, -1, 2.5, -2.5, 1e300, -1e300, 5e-324, infinity, -infinity, NAN};
  List left, right;
  for (double a : special)
    for (double b : special) left.push_back(a), right.push_back(b);
  for (const auto* operation : operations()) {
    if (operation->kind != Kind::map || !operation->derivative.rule || operation == &select_operation())
      continue;
    if (operation == &cast_operation()) continue;
    INFO(operation->name);
    const auto arity = operation->samples()[0].operands.size();
    const Array taken(Shape{static_cast<std::int64_t>(left.size())}, std::vector<bool>(left.size(), false));
    const auto results = run({Array(left), Array(right), taken}, [&](const Tensors& in) -> Tensors {
      const Tensors xs(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(arity));
      const auto first = gradients(select(in[2], record(*operation, xs), 0), xs);
      auto all = first;
      for (const auto& gradient : first)
        for (const auto& second : gradients(gradient, xs)) all.push_back(second);
      return all;
    });
    for (const auto& result : results)
      for (std::int64_t i = 0; i < result.size(); ++i) {
        INFO("operands " << left[i] << " " << right[i] << " give " << result.at(i));
        CHECK(result.at(i) == 0);
      }
  }
}

TEST_CASE("a product of adjoints is not scaled in its factors by what is infinite") {
  // The factor of the second operand: it has fewer elements than the product.
  const auto w = doubles({8, 4}, List(32, 1)), b = doubles({4, 2}, List(8, 1));
  const Array taken(Shape{8, 2}, std::vector<bool>(16, false));
  for (bool in_loop : {false, true}) {
    const auto results = run({w, b, taken}, [&](const Tensors& in) -> Tensors {
      const auto branch = [&](const Tensor& x) { return sum(select(in[2], matmul(infinity * x, in[1]), 0)); };
      const auto cell = [&](const Tensors& x, const Tensors&) -> FlatStep { return {{branch(x[0])}, {}}; };
      const auto loss =
          in_loop ? sum(unroll_flat(2, {stack({in[0], in[0]})}, {}, cell, {}).outputs[0]) : branch(in[0]);
      return gradients(loss, {in[0]});
    });
    CHECK(results[0] == doubles({8, 4}, List(32, 0)));
  }
}

TEST_CASE("third derivatives are there where the first are zero") {
  const auto third = [](const List& x, const std::function<Tensor(Tensor)>& f) {
    return curvature(x, [&](Tensor in) { return gradients(f(in), {in})[0]; });
  };
  CHECK(third({0}, [](Tensor x) { return square(x) * exp(x); }) == List{6});
  CHECK(third({0}, [](Tensor x) { return square(x) / (1 + x); }) == List{-6});
  CHECK(third({0}, [](Tensor x) { return x * x * x; }) == List{6});
}

TEST_CASE("a slope that is infinite or NaN shows where there is an adjoint") {
  CHECK(value({0, 1, -2}, [](Tensor x) { return scaled_adjoint(x, infinity); }) ==
        List{0, infinity, -infinity});
  CHECK(value({0, 1, -2}, [](Tensor x) { return divided_adjoint(x, 0); }) == List{0, infinity, -infinity});
  CHECK(value({0, 1, infinity}, [](Tensor x) {
          return absorbing_product(x, row({NAN, 0, 0}, x));
        }) == List{0, 0, 0});
  for (double odd : value({1, NAN, infinity}, [](Tensor x) {
         return scaled_adjoint(x, row({NAN, 0, 0}, x));
       }))
    CHECK(std::isnan(odd));
  for (double odd : value({1, NAN, infinity}, [](Tensor x) {
         return divided_adjoint(x, row({NAN, 1, infinity}, x));
       }))
    CHECK(std::isnan(odd));
  for (double odd : value({1, NAN}, [](Tensor x) { return absorbing_product(x, row({NAN, 1}, x)); }))
    CHECK(std::isnan(odd));
}
