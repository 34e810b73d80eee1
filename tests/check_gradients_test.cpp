// What check_gradients makes of kinks and jumps, and that wrong derivatives are found beside them.

#include <reel/check_gradients.h>
#include <reel/ops.h>
#include <reel/record.h>

#include <cmath>

#include "catch.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

namespace {

using Function1 = std::function<Tensor(const Tensor&)>;

GradientCheck check(const List& x, const Function1& f) {
  return check_gradients([&](const Tensors& in) { return f(in[0]); }, {Array(x)});
}

/// f(x) whose derivative is said to be `slope` times the true one.
Function1 wrong(const Function1& f, double slope) {
  return [=](const Tensor& x) {
    const auto y = f(x);
    return slope * y + stop_gradient((1 - slope) * y);
  };
}

const auto relu_of = [](const Tensor& x) { return relu(x); };
const auto abs_of = [](const Tensor& x) { return abs(x); };

/// The elements in ascending order, none of them equal: each goes to the place that as many are before as are
/// smaller.
Tensor sorted(const Tensor& x) {
  const auto count = x.extent(0);
  const auto places = sum(cast(unsqueeze(x, 1) < unsqueeze(x, 0), ElementType::int64), {0});
  return sum(select(equal(unsqueeze(iota(count), 1), unsqueeze(places, 0)), unsqueeze(x, 0), 0), {1});
}

constexpr auto unsettled_text = "the differences do not settle at input 0[";

/// All elements are compared, and agree.
void settles(const List& x, const Function1& f) {
  const auto result = check(x, f);
  INFO(to_string(result));
  CHECK(result.passes());
  CHECK(result.compared == static_cast<std::int64_t>(x.size()));
  CHECK(result.unsettled == 0);
}

/// The element is no wrong derivative, but said not to be compared.
void does_not_settle(const List& x, std::int64_t element, const Function1& f) {
  const auto result = check(x, f);
  INFO(to_string(result));
  CHECK(result.worst_error < 1e-6);
  CHECK(result.unsettled > 0);
  CHECK(result.unsettled_element == std::vector<std::int64_t>{element});
  CHECK_THAT(to_string(result), ContainsSubstring(unsettled_text) && ContainsSubstring("a kink or a jump"));
}

void is_wrong(const List& x, std::int64_t element, const Function1& f) {
  const auto result = check(x, f);
  INFO(to_string(result));
  CHECK(!result.passes());
  CHECK(result.worst_element == std::vector<std::int64_t>{element});
  CHECK_THAT(to_string(result), ContainsSubstring("worst error"));
}

}  // namespace

TEST_CASE("check_gradients passes kinks that smaller steps leave behind") {
  settles({1e-5, -1e-5, 1}, abs_of);
  settles({1e-7, -1e-7}, relu_of);
  settles({1, 1 + 1e-5, 3, 2}, sorted);
  settles({1e-6, -1e-5, 0.5}, [](const Tensor& x) { return maximum(x, 2 * x); });
  settles({2 + 1e-5, 1 - 1e-6}, [](const Tensor& x) { return floor(x); });
  settles({1e-4, 3}, [](const Tensor& x) { return sqrt(x); });
  settles({1e-5, 0.2}, [](const Tensor& x) { return x * log(x); });
  settles({1e-4, 0.9}, [](const Tensor& x) { return cumsum(maximum(abs(x), 0.5 * x), 0); });
}

TEST_CASE("check_gradients says where the differences do not settle") {
  does_not_settle({1, 0, 2}, 1, relu_of);
  does_not_settle({2, 1e-13}, 1, abs_of);
  does_not_settle({3, 1, 1 + 1e-9, 2}, 1, sorted);
  does_not_settle({0.5, 1e-12}, 1, [](const Tensor& x) { return maximum(x, 2 * x); });
  does_not_settle({0.5, 1}, 1, [](const Tensor& x) { return floor(x); });
  does_not_settle({0.5, 0}, 1, [](const Tensor& x) { return sign(x) + x; });
  does_not_settle({0.5, 0}, 1, [](const Tensor& x) { return sqrt(x); });
  does_not_settle({0.5, -1}, 1, [](const Tensor& x) { return select(x < -1, 4, x); });
}

TEST_CASE("check_gradients says where rounding leaves nothing of the differences") {
  does_not_settle({1}, 0, [](const Tensor& x) { return 1e12 + x; });
  does_not_settle({1}, 0, [](const Tensor& x) { return 1e9 + x; });
  does_not_settle({0.5, 2}, 0, [](const Tensor& x) { return square(x) - 1e15; });
  does_not_settle({0.5, 2}, 0, [](const Tensor& x) { return 1e13 * (1 + 1e-13 * exp(x)); });
  does_not_settle({3, 1}, 0, [](const Tensor& x) { return 1e20 + sum(x); });
  // No more than a right one is a wrong one confirmed by differences that vanish.
  const auto lost = check({1}, [](const Tensor& x) { return 1e20 + x + 2 * stop_gradient(x); });
  CHECK(lost.compared == 0);
  CHECK(!lost.passes());
  const auto zero = check({1}, [](const Tensor& x) { return 1e20 + stop_gradient(x); });
  CHECK(zero.compared == 0);
  CHECK(!zero.passes());
}

TEST_CASE("check_gradients finds wrong derivatives of values larger than their slopes") {
  const auto far = [](const Tensor& x) { return 1e3 + square(x); };
  const auto farther = [](const Tensor& x) { return exp(x) - 1e6; };
  settles({1, 2}, far);
  settles({0.5, -3}, [](const Tensor& x) { return 1e4 * x + 1e5; });
  is_wrong({1, 2}, 1, wrong(far, 1.001));
  is_wrong({1, 2}, 1, wrong(farther, 1.01));
  is_wrong({-1, 2}, 1, wrong([](const Tensor& x) { return 1e4 * square(x) + 1e7; }, 0.99));
}

TEST_CASE("check_gradients does not pass where nothing was compared") {
  const auto result = check({0}, relu_of);
  CHECK(!result.passes());
  CHECK(result.compared == 0);
  CHECK(
      to_string(result) ==
      "the differences do not settle at input 0[0], where nothing was compared: a kink or a jump nearby, or "
      "rounding");
  CHECK_THAT(to_string(check({0, 1, 0}, relu_of)),
             ContainsSubstring("input 0[0] and 1 other elements, where nothing was compared"));
  CHECK(check({0, 1, 0}, relu_of).passes());
  CHECK(to_string(check({}, abs_of)) == "there was no element to compare");
}

TEST_CASE("check_gradients finds wrong derivatives, beside kinks and at them") {
  is_wrong({1, 2}, 1, wrong([](const Tensor& x) { return square(x); }, 1.001));
  is_wrong({1e-5, 0}, 0, wrong(abs_of, 2));
  is_wrong({0, 1e-7}, 1, wrong(relu_of, 1.01));
  is_wrong({1, 1 + 1e-5}, 1,
           wrong(
               [](const Tensor& x) {
                 return sorted(x) * constant(Array(List{1, 2}));
               },
               1.1));
  is_wrong({1e-6}, 0, [](const Tensor& x) { return maximum(x, 2 * x) + stop_gradient(0.01 * x); });
  is_wrong({1 - 1e-5}, 0, [](const Tensor& x) { return floor(x) + x - stop_gradient(x); });
  // Further off than the two sides of the kink differ.
  is_wrong({0}, 0, wrong([](const Tensor& x) { return relu(x) + 5 * x; }, 3));
  // An infinite gradient does not excuse the others.
  is_wrong({0, 1}, 1, wrong([](const Tensor& x) { return sqrt(x); }, 2));
  // Nor does a large one where nothing can be compared.
  is_wrong({1e-9, 1}, 1, [](const Tensor& x) { return log(x) + 0.5 * stop_gradient(x); });
  is_wrong({1e-12, 1, 2}, 2, [](const Tensor& x) { return sqrt(x) + 0.1 * stop_gradient(x); });
  is_wrong({3, 1e-14, 1e-13}, 0, [](const Tensor& x) { return 5 * sqrt(x) + 1e-3 * stop_gradient(x); });
}

TEST_CASE("check_gradients compares nothing at a pole that is nearer than its steps") {
  const auto result = check({1e-10, 1e-11}, [](const Tensor& x) { return 1 / x; });
  INFO(to_string(result));
  CHECK(result.compared == 0);
  CHECK(result.unsettled == 2);
  CHECK(!result.passes());
  // Where it says something, a wrong derivative is one, were it off by however much.
  is_wrong({1e-2}, 0, wrong([](const Tensor& x) { return 1 / x; }, 1e6));
  is_wrong({2}, 0, wrong([](const Tensor& x) { return 3 * x + 1e4; }, 1e6));
  // Rounding within the function looks the same on both sides of a place, and is no jump.
  for (double big : {1e4, 1e6, 1e8})
    for (int k = 0; k < 20; ++k)
      is_wrong({0.3 + 0.0137 * k}, 0, [big](const Tensor& x) { return x + stop_gradient((x + big) - big); });
}

TEST_CASE("check_gradients reports a gradient that is not a number") {
  const auto result =
      check({2, 1}, [](const Tensor& x) { return x + select(x < 1.5, (x - x) / (x - x), 0); });
  CHECK(!result.passes());
  CHECK(std::isnan(result.worst_error));
}
