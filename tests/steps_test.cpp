// Steps of optimisers with gradients that are far out of the usual range, or not finite.

#include <reel/reel.h>

#include "catch.h"
#include "devices.h"
#include "models.h"

using namespace reel;
using namespace reel::test;

namespace {

using Gradients = std::vector<double>;

/// A model of two parameters whose gradients are what a step is given.
struct Trained {
  Model model;
  Parameter a, b;
  TrainingStep<std::function<Tensor(Tensor, Tensor)>> step;

  Trained(const Device& device, ElementType element, Optimiser optimiser)
      : model(Seed{1}, device, element),
        a((model / "test").parameter("a", {2}, constant_init(0))),
        b((model / "test").parameter("b", {}, constant_init(0))),
        step(model, std::move(optimiser), [this](Tensor da, Tensor db) { return sum(a * da) + b * db; }) {}

  /// The parameters after a step with these gradients of a[0], a[1] and b.
  Gradients operator()(const Gradients& g) {
    step(Array(Gradients{g[0], g[1]}).cast(model.element()), Array(g[2]).cast(model.element()));
    return {a.value().at(0), a.value().at(1), b.value().item()};
  }
  double state(const std::string& name) const { return model.parameter("optimiser/" + name).value().at(0); }
};

/// Calls `check(make, element)` for each device and floating type, where make(optimiser) is a model to train.
template <class Check>
void everywhere(Check&& check) {
  for (const auto& device : devices())
    for (auto element : {ElementType::float32, ElementType::float64}) {
      INFO(device.name() << " " << name_of(element));
      check([&](const Optimiser& optimiser) { return std::make_unique<Trained>(device, element, optimiser); },
            element);
    }
}

bool near(const Gradients& found, const Gradients& wanted, double margin = 1e-6) {
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (!(std::abs(found[i] - wanted[i]) <= margin * std::abs(wanted[i]))) return false;
  return true;
}

/// Of Adam's first steps: 1 - beta2^t keeps few bits of float32.
constexpr double few_bits = 1e-4;

bool all_nan(const Gradients& values) {
  return std::all_of(values.begin(), values.end(), [](double x) { return std::isnan(x); });
}

constexpr double infinity = std::numeric_limits<double>::infinity();

const std::vector<Gradients> not_finite{
    {NAN, 1, 1}, {1, 1, NAN}, {infinity, 1, 1}, {1, -infinity, 2}, {infinity, NAN, -infinity}};

}  // namespace

TEST_CASE("gradients of any magnitude are clipped to the norm asked for", "[devices][steps]") {
  everywhere([](const auto& make, ElementType element) {
    const auto step = [&](const Gradients& g) { return (*make(clip_by_global_norm(1, SGD{0.1})))(g); };
    CHECK(near(step({1e20, 0, 0}), {-0.1, 0, 0}));
    CHECK(near(step({3e20, 0, 4e20}), {-0.06, 0, -0.08}));
    CHECK(near(step({0, -1e30, 0}), {0, 0.1, 0}));
    // Finite, though their norm is not.
    const double most = element == ElementType::float32 ? 3e38 : 1.5e308;
    CHECK(near(step({2. / 3 * most, -2. / 3 * most, 1. / 3 * most}), {-0.2 / 3, 0.2 / 3, -0.1 / 3}));
    // Those that fit stay as they are.
    CHECK(near(step({0.25, 0, 0.5}), {-0.025, 0, -0.05}));
    CHECK(near(step({0, 1, 0}), {0, -0.1, 0}));
    CHECK(step({0, 0, 0}) == Gradients{0, 0, 0});
    // Small ones, clipped to something smaller.
    const auto small = [&](const Gradients& g) { return (*make(clip_by_global_norm(1e-25, SGD{1e24})))(g); };
    CHECK(near(small({3e-25, 0, 4e-25}), {-0.06, 0, -0.08}));
    CHECK(near(small({3e-26, 0, 4e-26}), {-0.03, 0, -0.04}));
    CHECK((*make(clip_by_global_norm(0, SGD{0.1})))({3, 4, 0}) == Gradients{0, 0, 0});
    CHECK(near((*make(clip_by_global_norm(infinity, SGD{1e-30})))({1e30, 0, 2e30}), {-1, 0, -2}));
  });
}

TEST_CASE("clipping makes all gradients NaN where one is not finite", "[devices][steps]") {
  everywhere([](const auto& make, ElementType) {
    for (const auto& g : not_finite)
      for (double largest : {1.0, 1e30, infinity}) {
        CHECK(all_nan((*make(clip_by_global_norm(largest, SGD{0.1})))(g)));
        CHECK(all_nan((*make(clip_by_global_norm(largest, Adam(0.1))))(g)));
      }
  });
}

TEST_CASE("a norm to clip to is a number from 0 up", "[steps]") {
  for (double wrong : {-1.0, -infinity, static_cast<double>(NAN)})
    CHECK_THROWS_WITH(clip_by_global_norm(wrong, SGD{0.1}), ContainsSubstring("[clip_by_global_norm]"));
}

TEST_CASE("Adam's step is its rate whatever the gradient's magnitude", "[devices][steps]") {
  everywhere([](const auto& make, ElementType element) {
    const bool single = element == ElementType::float32;
    for (double size : {1.0, 1e18, 1e20, single ? 1e19 : 1e155, single ? 1e-5 : 1e-4}) {
      INFO(size);
      auto trained = make(Adam(0.125, 0.9, 0.999, 1e-12));
      CHECK(near((*trained)({size, 0, -size}), {-0.125, 0, 0.125}, few_bits));
      CHECK(near((*trained)({size, 0, -size}), {-0.25, 0, 0.25}, few_bits));
    }
    CHECK(near((*make(Adam(0.125)))({single ? 5e20 : 4e155, 0, 0}), {-0.125, 0, 0}, few_bits));
    // Squares that vanish are nothing beside epsilon.
    CHECK(near((*make(Adam(1e20)))({1e-25, 0, -2e-25}), {-1e20 * 1e-17, 0, 2e20 * 1e-17}));
    // Beyond that range the second moment is infinite, and the element stays where it is.
    auto stuck = make(Adam(0.125));
    const double beyond = single ? 1e21 : 1e157;
    CHECK(near((*stuck)({1, 0, beyond}), {-0.125, 0, 0}, few_bits));
    CHECK(near((*stuck)({1, 0, 1}), {-0.25, 0, 0}, few_bits));
  });
}

namespace {

/// Good steps with bad ones in between, beside a model that gets the good ones alone.
void check_left_out(Trained& tried, Trained& spared) {
  const std::vector<Gradients> good{{1, -2, 3}, {0.5, 0, -1}, {-3, 2, 1}};
  int left_out = 0;
  const auto check_same = [&] {
    for (const auto& parameter : tried.model.parameters())
      CHECK(parameter.value() == spared.model.parameter(parameter.name()).value());
    for (const auto& state : tried.model.states())
      if (state.name() != "optimiser/skipped")
        CHECK(state.value() == spared.model.parameter(state.name()).value());
    CHECK(tried.state("skipped") == left_out);
    CHECK(spared.state("skipped") == 0);
  };
  for (const auto& g : good) {
    CHECK(tried(g) == spared(g));
    check_same();
    for (const auto& bad : not_finite) {
      tried(bad);
      ++left_out;
      check_same();
    }
  }
}

}  // namespace

TEST_CASE("steps that are not finite are left out and counted", "[devices][steps]") {
  everywhere([](const auto& make, ElementType) {
    for (const auto& optimiser :
         std::vector<Optimiser>{skip_not_finite(SGD{0.1, 0.9}), skip_not_finite(Adam(0.1)),
                                skip_not_finite(clip_by_global_norm(1, Adam(0.1))),
                                clip_by_global_norm(1, skip_not_finite(Adam(0.1)))}) {
      const auto tried = make(optimiser), spared = make(optimiser);
      check_left_out(*tried, *spared);
    }
  });
}

TEST_CASE("skipping changes nothing about steps that are finite", "[devices][steps]") {
  everywhere([](const auto& make, ElementType) {
    for (const auto& optimiser : std::vector<Optimiser>{SGD{0.1, 0.9}, Adam(0.1)}) {
      const auto plain = make(optimiser), careful = make(skip_not_finite(optimiser));
      for (const auto& g : std::vector<Gradients>{{1, -2, 3}, {0.5, 0, -1}, {-3, 2, 1}})
        CHECK((*plain)(g) == (*careful)(g));
    }
  });
}

TEST_CASE("a step is left out too where what it would write is not finite", "[devices][steps]") {
  everywhere([](const auto& make, ElementType element) {
    const double most = element == ElementType::float32 ? 1e38 : 1e308;
    // A parameter, a velocity, a second moment.
    auto parameter = make(skip_not_finite(SGD{10}));
    CHECK((*parameter)({most, 1, 1}) == Gradients{0, 0, 0});
    CHECK(near((*parameter)({1, 1, 1}), {-10, -10, -10}));
    auto velocity = make(skip_not_finite(SGD{1e-30, 0.9}));
    (*velocity)({0, 1.5 * most, 0});
    const auto before = values(velocity->model);
    (*velocity)({0, 1.5 * most, 0});
    (*velocity)({0, 1.5 * most, 0});
    CHECK(velocity->state("skipped") >= 1);
    CHECK(std::isfinite(velocity->a.value().at(1)));
    auto moment = make(skip_not_finite(Adam(0.125)));
    CHECK((*moment)({1, 0, most}) == Gradients{0, 0, 0});
    CHECK(moment->state("beta1_power") == 1);
    CHECK(moment->state("skipped") == 1);
    CHECK(near((*moment)({1, 0, 1}), {-0.125, 0, -0.125}, few_bits));
  });
}

TEST_CASE("what a loss updates itself is not left out with a step", "[steps]") {
  Model model(Seed{1});
  const auto p = make_parameter(model, "p", {1, 2});
  const auto seen = (model / "test").state("seen", {}, 0);
  TrainingStep step(model, skip_not_finite(SGD{1}), [&](Tensor x) {
    update(seen, seen + 1);
    return sum(p * x);
  });
  step(floats({1, NAN}));
  CHECK(p.value() == floats({1, 2}));
  CHECK(seen.value().item() == 1);
  CHECK(model.parameter("optimiser/skipped").value().item() == 1);
  step(floats({1, 1}));
  CHECK(p.value() == floats({0, 1}));
  CHECK(seen.value().item() == 2);
  CHECK(model.parameter("optimiser/skipped").value().item() == 1);
}

TEST_CASE("an optimiser that skips is still held to one update of a parameter", "[steps]") {
  Model model(Seed{1});
  const auto p = make_parameter(model, "p", {1, 2});
  const auto twice = [](const std::vector<ParameterGradient>& gradients, const Scope&) {
    for (const auto& [parameter, gradient] : gradients) {
      update(parameter, parameter - gradient);
      update(parameter, parameter + gradient);
    }
  };
  for (const auto& optimiser :
       std::vector<Optimiser>{skip_not_finite(twice), skip_not_finite(skip_not_finite(SGD{1}))}) {
    TrainingStep step(model, optimiser, [&](Tensor x) { return sum(p * x); });
    CHECK_THROWS_WITH(step(floats({1, 1})), ContainsSubstring("is updated twice"));
    CHECK(p.value() == floats({1, 2}));
  }
  // After an exception updates are recorded as ever.
  TrainingStep step(model, SGD{1}, [&](Tensor x) { return sum(p * x); });
  step(floats({1, 1}));
  CHECK(p.value() == floats({0, 1}));
}
