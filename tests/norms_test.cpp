// Norms of numbers whose squares are out of range, and what else sums squares.

#include <reel/function.h>
#include <reel/gradients.h>
#include <reel/losses.h>
#include <reel/ops.h>
#include <reel/unroll.h>

#include "catch.h"
#include "devices.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

namespace {

using Elementwise = std::function<Tensor(Tensor)>;

/// Calls `check(model)` for each device and floating type.
template <class Check>
void everywhere(Check&& check) {
  for (const auto& device : devices())
    for (auto element : {ElementType::float32, ElementType::float64}) {
      INFO(device.name() << " " << name_of(element));
      Model model(Seed{1}, device, element);
      check(model);
    }
}

/// f(x), d sum(f(x)) / dx, and the derivative of the sum of that.
struct Derivatives {
  List value, slope, curvature;
};

Derivatives derivatives(Model& model, const Array& x, const Elementwise& f) {
  Function all(model, [&](const Tensor& in) {
    const auto y = f(in), slope = gradients(y, {in})[0];
    return std::tuple(y, slope, gradients(slope, {in})[0]);
  });
  const auto [value, slope, curvature] = all(x.cast(model.element()));
  return {values(value), values(slope), values(curvature)};
}

bool is_nan(const List& list) {
  return std::all_of(list.begin(), list.end(), [](double x) { return std::isnan(x); });
}

/// Numbers at which squares are out of range, with float32 in mind or float64.
List extremes(const Model& model) {
  return model.element() == ElementType::float32 ? List{1e20, 1e-25, 5e37, 1e13, 1e-20, 1e-36}
                                                 : List{1e20, 1e-25, 3e307, 1e200, 1e-200, 1e-305};
}

double tolerance(const Model& model) { return model.element() == ElementType::float32 ? 1e-6 : 1e-14; }

}  // namespace

TEST_CASE("a norm is right where its squares are out of range", "[devices][norm]") {
  everywhere([](Model& model) {
    for (double unit : extremes(model)) {
      INFO(unit);
      const double margin = tolerance(model);
      const auto near = [&](double wanted) { return Approx(wanted).epsilon(margin); };
      const auto [value, slope, curvature] =
          derivatives(model, Array(List{3 * unit, 4 * unit}), [](Tensor x) { return norm(x); });
      CHECK(value[0] == near(5 * unit));
      CHECK(slope[0] == near(0.6));
      CHECK(slope[1] == near(0.8));
      // (1 - u sum(u)) / |x| with u = x / |x|, where that is in range itself.
      if (1 / unit < 1e36 && 1 / unit > 1e-36) {
        CHECK(curvature[0] * unit == Approx(0.032).epsilon(10 * margin));
        CHECK(curvature[1] * unit == Approx(-0.024).epsilon(10 * margin));
      }
    }
  });
}

TEST_CASE("the slope of a norm of small numbers bears a small adjoint, that of large ones a large one",
          "[norm]") {
  Model model(Seed{1});
  for (const auto& [x, adjoint] : std::vector<std::pair<List, double>>{{{3e-25, 4e-25}, 1e-20},
                                                                       {{3e-20, 4e-20}, 1e-25},
                                                                       {{3e20, 4e20}, 1e25},
                                                                       {{3, 4}, 1e-30},
                                                                       {{3e37, 4e37}, 1e9},
                                                                       {{3e-42, 4e-42}, 1}}) {
    INFO(x[0] << " " << adjoint);
    const auto slope =
        derivatives(model, Array(x), [adjoint = adjoint](Tensor in) { return adjoint * norm(in); }).slope;
    // Denormal numbers are themselves rounded.
    const double margin = x[0] < 1e-38 ? 1e-3 : 1e-6;
    CHECK(slope[0] == Approx(0.6 * adjoint).epsilon(margin));
    CHECK(slope[1] == Approx(0.8 * adjoint).epsilon(margin));
  }
  const auto least = derivatives(model, Array(List{1e-45, 0}), [](Tensor in) { return norm(in); });
  CHECK(least.slope == List{1, 0});
}

TEST_CASE("each row has its own norm", "[devices][norm]") {
  everywhere([](Model& model) {
    const Array rows = doubles({5, 2}, {3e20, -4e20, 3, 4, 0, 0, -3e-25, 4e-25, infinity, 1});
    for (bool keep : {false, true}) {
      Function f(model, [&](const Tensor& x) {
        const auto y = norm(x, {1}, keep);
        return std::pair(y, gradients(y, {x})[0]);
      });
      const auto [value, slope] = f(rows.cast(model.element()));
      CHECK(value.shape() == (keep ? Shape{5, 1} : Shape{5}));
      const List lengths{5e20, 5, 0, 5e-25, infinity}, slopes{0.6, -0.8, 0.6, 0.8, 0, 0, -0.6, 0.8};
      for (std::size_t i = 0; i < lengths.size(); ++i)
        CHECK(value.at(i) == Approx(lengths[i]).epsilon(tolerance(model)));
      for (std::size_t i = 0; i < slopes.size(); ++i)
        CHECK(slope.at(i) == Approx(slopes[i]).epsilon(tolerance(model)));
    }
  });
}

TEST_CASE("a norm of zeros, of what is not finite, and of nothing", "[devices][norm]") {
  everywhere([](Model& model) {
    const Elementwise length = [](Tensor x) { return norm(x); };
    const auto at = [&](const List& x) { return derivatives(model, Array(x), length); };
    for (const auto& zeros : {List{0, 0}, List{0.0, -0.0}, List{0}}) {
      const auto [value, slope, curvature] = at(zeros);
      CHECK(value == List{0});
      CHECK(slope == List(zeros.size(), 0));
      CHECK(curvature == List(zeros.size(), 0));
    }
    CHECK(at({infinity, 1}).value == List{infinity});
    CHECK(at({-infinity, 3e20, 0}).value == List{infinity});
    CHECK(at({infinity, -infinity}).value == List{infinity});
    CHECK(is_nan(at({NAN, 1}).value));
    CHECK(is_nan(at({1e30, NAN}).value));
    CHECK(is_nan(at({infinity, NAN}).value));
    CHECK(derivatives(model, Array(Shape{2, 0}, ElementType::float64), [](Tensor x) {
            return norm(x, {1});
          }).value == List{0, 0});
  });
}

TEST_CASE("a norm over an axis that is not there is refused by its name", "[norm]") {
  Tape tape;
  const auto x = tape.argument({ElementType::float32, {2, 3}});
  for (std::int64_t axis : {2, -3})
    CHECK_THROWS_WITH(norm(x, {axis}), ContainsSubstring("[norm]") && ContainsSubstring("[2, 3]"));
}

TEST_CASE("a norm in a loop is that of each step", "[devices][norm]") {
  everywhere([](Model& model) {
    const Array x = doubles({3, 2}, {3e20, 4e20, 3e-25, 4e-25, 3, 4});
    Function f(model, [](const Tensor& xs) {
      return unroll([](const Tensor& step, const Tensor& s) { return std::pair(norm(step), s); }, xs,
                    zeros({}))
          .outputs;
    });
    const auto y = f(x.cast(model.element()));
    for (const auto& [i, wanted] : {std::pair(0, 5e20), std::pair(1, 5e-25), std::pair(2, 5.0)})
      CHECK(y.at(i) == Approx(wanted).epsilon(tolerance(model)));
  });
}

TEST_CASE("normalisation is right as far as squares reach", "[devices][norm]") {
  everywhere([](Model& model) {
    for (double unit : {1e18, 1.0}) {
      const Array x(List{3 * unit, 4 * unit});
      const auto rms = derivatives(model, x, [](Tensor in) { return rms_norm(in); }).value;
      CHECK(rms[0] == Approx(3 / std::sqrt(12.5)).epsilon(1e-5));
      CHECK(rms[1] == Approx(4 / std::sqrt(12.5)).epsilon(1e-5));
      const auto layer = derivatives(model, x, [](Tensor in) { return layer_norm(in); }).value;
      CHECK(layer[0] == Approx(-1).epsilon(1e-4));
      CHECK(layer[1] == Approx(1).epsilon(1e-4));
    }
    // Beyond that it is 0, as documented.
    const double beyond = model.element() == ElementType::float32 ? 1e20 : 1e155;
    for (const Elementwise& f : {Elementwise([](Tensor in) { return rms_norm(in); }),
                                 Elementwise([](Tensor in) { return layer_norm(in); })})
      CHECK(derivatives(model, Array(List{3 * beyond, -4 * beyond}), f).value == List{0, 0});
    // Squares that vanish are nothing beside epsilon, also in the slope.
    for (double unit : {1e-25, 1e-38}) {
      const auto rms = derivatives(model, Array(List{3 * unit, 4 * unit}),
                                   [](Tensor in) { return rms_norm(in, -1, 1e-4); });
      CHECK(rms.value[0] == Approx(300 * unit).epsilon(1e-5));
      CHECK(rms.slope[0] == Approx(100).epsilon(1e-5));
    }
  });
}

TEST_CASE("logarithms of sums of exponentials, and losses, at large numbers", "[devices][norm]") {
  everywhere([](Model& model) {
    const auto large = derivatives(model, Array(List{1e30, 1e30}), [](Tensor x) { return logsumexp(x); });
    CHECK(large.value[0] == Approx(1e30).epsilon(tolerance(model)));
    CHECK(large.slope == List{0.5, 0.5});
    // A loss out of range still has a slope that is in it.
    const auto loss =
        derivatives(model, Array(List{1e20, 0}), [](Tensor x) { return mean_squared_error(x, zeros({2})); });
    CHECK(loss.slope[0] == Approx(1e20).epsilon(tolerance(model)));
    CHECK(loss.slope[1] == 0);
  });
}
