// Programs whose results are finite run under feenableexcept: what a composed function divides by, or takes
// an exponential of, beside the branch that is taken is harmless.

#include <reel/reel.h>

#include <cmath>

#include "catch.h"
#include "run.h"
#include "trapped.h"

#if defined(__GLIBC__)

using namespace reel;
using namespace reel::test;

namespace {

struct Case {
  std::string what;
  List x;
  std::function<Tensor(Tensor)> f;
};

bool is_finite(const Array& array) {
  const auto list = values(array);
  return std::all_of(list.begin(), list.end(), [](double x) { return std::isfinite(x); });
}

/// Whether f(x), its gradient and that one's are finite; the gradients where `order` asks for them.
bool has_finite_derivatives(Model& model, const Case& sample, int order) {
  Function f(model, [&](const Tensor& x) {
    Tensors results{sample.f(x)};
    while (static_cast<int>(results.size()) <= order) results.push_back(gradients(results.back(), {x})[0]);
    return results;
  });
  const auto results = f(Array(sample.x).cast(model.element()));
  return std::all_of(results.begin(), results.end(), is_finite);
}

/// Calls `check(device, element)` in a process in which exceptions trap, for each device and floating type.
void check_trapped(const std::string& what, const std::function<bool(Model& model)>& check) {
  for (const bool is_reference : {false, true})
    for (auto element : {ElementType::float32, ElementType::float64}) {
      const auto device = is_reference ? Device::reference() : Device::cpu(1);
      CAPTURE(what, device.name(), name_of(element));
      CHECK(trapped([&] {
              Model model(Seed{1}, device, element);
              return check(model);
            }) == "done");
    }
}

void check_cases(const std::vector<Case>& cases, int order) {
  for (const auto& sample : cases)
    check_trapped(sample.what, [&](Model& model) { return has_finite_derivatives(model, sample, order); });
}

/// Whether steps of `optimiser` with these gradients, in turn, leave a finite parameter. The loss is 0.
bool steps_stay_finite(Model& model, const Optimiser& optimiser, const List& slopes) {
  const auto w = (model / "layer").parameter("w", {2}, constant_init(0.5));
  TrainingStep step(model, optimiser,
                    [&](const Tensor& slope) { return sum(slope * (w - stop_gradient(w))); });
  for (auto slope : slopes) step(Array(List{slope, 0}).cast(model.element()));
  return is_finite(w.value());
}

Tensor mask_of(const std::vector<bool>& values) {
  return constant(Array({static_cast<std::int64_t>(values.size())}, values));
}

/// Three queries, keys and values of x, a mask over the keys for each query.
Tensor attend(const Tensor& x, const std::vector<bool>& mask) {
  const auto tokens = reshape(x, {3, 1});
  return attention(tokens, tokens, tokens, constant(Array({3, 3}, mask)));
}

}  // namespace

TEST_CASE("finite powers and their finite derivatives trap nowhere", "[traps]") {
  check_cases({{"pow(x, 2)", {0, -0.0, -3, 1e-30}, [](Tensor x) { return pow(x, 2); }},
               {"pow(x, 3)", {0, 1e-20, 2}, [](Tensor x) { return pow(x, 3); }},
               {"pow(x, 1)", {0, -1, 1e-40, 5}, [](Tensor x) { return pow(x, 1); }},
               {"pow(x, 0)", {0, 2, 1e-40, -1e-10}, [](Tensor x) { return pow(x, 0); }},
               {"exponents that vary",
                {0, 2, 0, 1},
                [](Tensor x) {
                  return pow(x, constant(Array(List{2, 0, 0, 3}).cast(x.element())));
                }}},
              2);
  check_cases({{"by the exponent, at 0", {1, 2, 0.5}, [](Tensor a) { return pow(zeros({3}), a); }},
               {"of an infinite base", {INFINITY, 1}, [](Tensor x) { return pow(x, -1); }}},
              1);
}

TEST_CASE("the slope of a power 0 keeps its meaning where a base has no inverse", "[traps]") {
  const auto slope = [](Tensor x, Tensor a) { return gradients(pow(x, a), {x})[0]; };
  // Of a x^(a-1) by a at 0: the inverse of x, where that is finite.
  const double smallest = std::numeric_limits<double>::min();
  const List bases{4, -4, smallest, -smallest, smallest / 2, INFINITY};
  const auto zero = List(bases.size(), 0);
  const auto found = slopes(bases, zero, slope);
  for (std::size_t i = 0; i < bases.size(); ++i) {
    CAPTURE(bases[i]);
    CHECK(found[i] == 0);
    if (bases[i] > 0) CHECK(found[bases.size() + i] == 1 / bases[i]);
  }
  // Elsewhere that would be 0 times infinity, and the slope itself is 0.
  for (double base : {0.0, -0.0, smallest / 4, std::numeric_limits<double>::denorm_min(), double(NAN)}) {
    CAPTURE(base);
    CHECK(slopes({base}, {0}, reel::pow)[0] == 0);
    CHECK(slopes({base}, {0}, slope)[0] == 0);
  }
}

TEST_CASE("activations far from 0 and kinks trap nowhere", "[traps]") {
  const List far{0, -1000, 1000, 1e-30};
  check_cases({{"elu", far, [](Tensor x) { return elu(x); }},
               {"gelu", far, gelu},
               {"gelu_tanh", far, gelu_tanh},
               {"softplus", far, softplus},
               {"silu", far, silu},
               {"gauss", far, gauss},
               {"softsign", far, softsign},
               {"leaky_relu", far, [](Tensor x) { return leaky_relu(x); }},
               {"hard_sigmoid", far, hard_sigmoid},
               {"abs", far, reel::abs},
               {"relu", far, relu},
               {"tanh and sigmoid", far, [](Tensor x) { return tanh(x) * sigmoid(x); }},
               {"a root that is guarded",
                {0, -4, 9},
                [](Tensor x) { return select(x > 0, sqrt(select(x > 0, x, 1)), 0); }}},
              2);
}

TEST_CASE("reductions with zeros, far numbers and infinities trap nowhere", "[traps]") {
  check_cases({{"norm at 0", {0, 0}, [](Tensor x) { return norm(x); }},
               {"norms of rows, one of them 0",
                {0, 0, 3, 4},
                [](Tensor x) {
                  return norm(reshape(x, {2, 2}), {1});
                }},
               {"norm far out", {3e30, 4e30}, [](Tensor x) { return norm(x); }},
               {"norm close to 0", {3e-30, 4e-30}, [](Tensor x) { return norm(x); }},
               {"products with one zero", {0, 2, 3}, [](Tensor x) { return prod(x); }},
               {"products with two zeros", {0, 2, 0, 3}, [](Tensor x) { return prod(x); }},
               {"running products with zeros", {2, 0, 3, 0}, [](Tensor x) { return cumprod(x, 0); }},
               {"variance of equal numbers", {3, 3, 3}, [](Tensor x) { return variance(x); }},
               {"layer_norm of equal numbers", {3, 3, 3}, [](Tensor x) { return layer_norm(x); }},
               {"rms_norm of zeros", {0, 0}, [](Tensor x) { return rms_norm(x); }}},
              2);
  check_cases({{"logsumexp with -inf", {-INFINITY, 1, 2}, [](Tensor x) { return logsumexp(x); }},
               {"logsumexp far out", {-1000, 1000}, [](Tensor x) { return logsumexp(x); }},
               {"softmax with a mask",
                {1, 1000, -1000},
                [](Tensor x) {
                  return softmax(masked_fill(x, mask_of({false, true, false}), -INFINITY));
                }}},
              1);
}

TEST_CASE("masks that leave out everything, or what is far, trap nowhere", "[traps]") {
  const std::vector<bool> with_an_empty_row{true, false, true, false, false, false, true, true, true};
  const std::vector<bool> none(9, false), first{true, false, false, true, false, false, true, false, false};
  check_cases(
      {{"a row without any", {1, 2, 3}, [&](Tensor x) { return attend(x, with_an_empty_row); }},
       {"no row with any", {1, 2, 3}, [&](Tensor x) { return attend(x, none); }},
       {"scores that are masked and far", {1e-2, 1000, -1000}, [&](Tensor x) { return attend(x, first); }},
       {"differences of scores that are out of range",
        {1, 1, 1},
        [&](Tensor x) {
          const double far = x.element() == ElementType::float32 ? 3e38 : 1.7e308;
          const auto scores =
              constant(Array({3, 3}, List{-far, far, far, 0, far, far, -far, far, far}).cast(x.element()));
          const auto unit = constant(Array({3, 3}, List{1, 0, 0, 0, 1, 0, 0, 0, 1}).cast(x.element()));
          return attention(std::sqrt(3) / 2 * scores, unit, reshape(x, {3, 1}),
                           constant(Array({3, 3}, first)));
        }},
       {"cross_entropy of none",
        {1, 1000, -5, 2},
        [](Tensor x) {
          const auto targets = constant(Array({2}, std::vector<std::int64_t>{0, 7}));
          return cross_entropy(reshape(x, {2, 2}), targets, mask_of({false, false}));
        }},
       {"cross_entropy of one",
        {1, 1000, INFINITY, 2},
        [](Tensor x) {
          const auto targets = constant(Array({2}, std::vector<std::int64_t>{0, 7}));
          return cross_entropy(reshape(x, {2, 2}), targets, mask_of({true, false}));
        }}},
      1);
}

TEST_CASE("dropout of nothing and of everything traps nowhere", "[traps]") {
  for (double rate : {0.0, 0.5, 1.0})
    check_trapped("dropout of " + std::to_string(rate), [&](Model& model) {
      Function f(model, [](const Tensor& x, const Tensor& rate) {
        const auto y = dropout(x, rate);
        return std::tuple(y, gradients(y, {x})[0]);
      });
      const auto [y, slope] =
          f(Array(List{1, 2, 3}).cast(model.element()), Array(rate).cast(model.element()));
      return is_finite(y) && is_finite(slope);
    });
}

TEST_CASE("steps with gradients of 0 and of any size trap nowhere", "[traps]") {
  const auto check = [](const std::string& what, const Optimiser& optimiser, const List& slopes) {
    check_trapped(what, [&](Model& model) { return steps_stay_finite(model, optimiser, slopes); });
  };
  const List all{0, 1e-20, 1e-40, 1, 1e20, 3e37, 0};
  for (double largest : {0.0, 1e-30, 1.0, 1e30, double(INFINITY)}) {
    const auto what = "clipped to " + std::to_string(largest);
    check(what, clip_by_global_norm(largest, SGD{1e-3}), all);
    check(what, clip_by_global_norm(largest, skip_not_finite(SGD{1e-3, 0.9})), all);
  }
  check("Adam", Adam(1e-3), {0, 1e-20, 1, 1e10, 0});
  check("Adam, clipped", clip_by_global_norm(1, Adam(1e-3)), all);
  check("SGD", SGD{1e-3, 0.9}, all);
  check("skipping", skip_not_finite(Adam(1e-3)), {0, 1, 1e10, 0});
}

TEST_CASE("clipping to a norm far from the gradients' own leaves or scales them", "[traps]") {
  for (auto element : {ElementType::float32, ElementType::float64})
    for (double largest : {1e-30, 1.0, 1e30})
      for (double slope : {0.0, 1e-30, 1e-20, 0.5, 1.5, 1e20, 1e31}) {
        CAPTURE(name_of(element), largest, slope);
        Model model(Seed{1}, Device::cpu(1), element);
        const auto w = (model / "layer").parameter("w", {2}, constant_init(0));
        TrainingStep step(model, clip_by_global_norm(largest, SGD{1}),
                          [&](const Tensor& x) { return sum(x * w); });
        step(Array(List{0.6 * slope, -0.8 * slope}).cast(element));
        const auto clipped = std::min(slope, largest);
        CHECK(w.value().at(0) == Approx(-0.6 * clipped).epsilon(1e-5));
        CHECK(w.value().at(1) == Approx(0.8 * clipped).epsilon(1e-5));
      }
}
#endif
