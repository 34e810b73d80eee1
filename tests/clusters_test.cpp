// Reductions among maps: one pass over memory, the same values as one by one.

#include <reel/gradients.h>
#include <reel/record.h>
#include <reel/reel.h>

#include "catch.h"
#include "devices.h"
#include "plans.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

using Function1 = std::function<Tensor(const Tensor&)>;

/// What the processor does for f(x).
plan::Plan plan_for(const Shape& shape, const Function1& f) {
  Tape tape(ElementType::float32);
  const Recording recording(tape);
  return plan_of(tape, {f(tape.argument({ElementType::float32, shape}))});
}

/// How many fusions f(x) takes, where that is all there is to do.
int fusions_of(const Shape& shape, const Function1& f) {
  const auto plan = plan_for(shape, f);
  const auto counts = count_work(plan);
  INFO(explain(plan));
  CHECK(counts.all == counts.fusions);
  return counts.fusions;
}

/// A random computation of maps, reductions along each axis, and other layouts of what there is.
Tensors random_graph(Tensors values, std::mt19937_64& random) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const auto pick = [&] { return values[below(values.size())]; };
  const auto picked_like = [&](const Tensor& x) {
    Tensors alike;
    for (const auto& value : values) {
      if (value.rank() != x.rank()) continue;
      bool fits = true;
      for (int axis = 0; axis < x.rank(); ++axis)
        fits = fits && (value.extent(axis) == x.extent(axis) || value.extent(axis) == 1);
      if (fits) alike.push_back(value);
    }
    return alike[below(alike.size())];
  };
  for (int i = 0; i < 14; ++i) {
    const auto x = pick();
    const auto last = x.rank() - 1;
    switch (below(12)) {
      case 0:
        values.push_back(tanh(x));
        break;
      case 1:
        values.push_back(0.5 * x);
        break;
      case 2:
      case 3:
        values.push_back(x + 0.25 * picked_like(x));
        break;
      case 4:
        values.push_back(tanh(x) * picked_like(x));
        break;
      case 5:
        values.push_back(tanh(sum(x, {last}, true)));
        break;
      case 6:
        values.push_back(max(x, {last}, true));
        break;
      case 7:
        values.push_back(softmax(x));
        break;
      case 8:
        values.push_back(layer_norm(x));
        break;
      case 9: {
        Axes others;
        for (int axis = 0; axis < last; ++axis) others.push_back(axis);
        values.push_back(tanh(0.1 * sum(x, others, true)));
        break;
      }
      case 10:
        values.push_back(select(x > mean(x, {last}, true), x, -0.5 * x));
        break;
      default:
        values.push_back(reshape(sum(-x, {last}), sum(x, {last}, true).shape()));
    }
  }
  return values;
}

}  // namespace

TEST_CASE("softmax and norms of rows are one pass") {
  const Shape shape{64, 40};
  CHECK(fusions_of(shape, [](const Tensor& x) { return softmax(x); }) == 1);
  CHECK(fusions_of(shape, [](const Tensor& x) { return log_softmax(2 * x); }) == 1);
  CHECK(fusions_of(shape, [](const Tensor& x) { return layer_norm(tanh(x)) * 2 + 1; }) == 1);
  CHECK(fusions_of(shape, [](const Tensor& x) { return rms_norm(x); }) == 1);
  CHECK(fusions_of({6, 5, 40}, [](const Tensor& x) { return softmax(x) * x; }) == 1);
  // What is left of the rows is computed with them.
  CHECK(fusions_of(shape, [](const Tensor& x) { return sqrt(mean(square(x), {1})); }) == 1);
  // Of scores that were sums themselves: two fusions.
  CHECK(fusions_of({8, 20, 40}, [](const Tensor& x) { return softmax(sum(tanh(x), {-1})); }) == 2);
  // The gradient of a norm, once more.
  CHECK(fusions_of(shape, [](const Tensor& x) {
          return gradients(layer_norm(x) * x, {x}, ones(x.shape()))[0];
        }) == 1);
}

TEST_CASE("sums of columns are taken in the pass that makes their terms") {
  const auto sum_of_columns = [](const Tensor& x) { return sum(tanh(x) * x, {0}); };
  const auto many = plan_for({500, 40}, sum_of_columns), few = plan_for({20, 40}, sum_of_columns);
  REQUIRE(many.fusions.size() == 1);
  CHECK(names_in(many.fusions[0]) == std::vector<std::string>{"tanh", "mul", "sum"});
  CHECK(count_work(many).finishes == 1);  // the joining of its blocks
  CHECK(count_work(many).all == 2);
  // A few rows are better summed by themselves.
  REQUIRE(few.fusions.size() == 1);
  CHECK(names_in(few.fusions[0]) == std::vector<std::string>{"tanh", "mul"});
  CHECK(count_work(few).kernels_of("sum") == 1);
  CHECK(count_work(few).all == 2);
}

TEST_CASE("random maps and reductions have the reference runner's values") {
  const std::vector<Shape> shapes{{9, 130},   {300, 5},  {2, 200, 7}, {1, 40}, {40},      {260, 1, 3},
                                  {3, 1, 33}, {2, 9000}, {700, 17},   {5, 1},  {6, 3, 2}, {257, 2}};
  const auto three = divided_among(3);
  for (int seed = 0; seed < 240; ++seed) {
    std::mt19937_64 random(seed);
    const auto& shape = shapes[seed % shapes.size()];
    const auto element = seed % 5 == 4 ? ElementType::float32 : ElementType::float64;
    Tape tape(element);
    const Recording recording(tape);
    const TensorType type{element, shape}, row{element, shape.with_extent(shape.rank() - 1, 1)};
    const auto x = tape.argument(type), y = tape.argument(row);
    auto outputs = random_graph({x, y}, random);
    outputs.erase(outputs.begin(), outputs.end() - 5);
    Tensor total = sum(outputs.back());
    for (const auto& output : outputs) total = total + 0.1 * sum(output * output);
    for (const auto& gradient : gradients(total, {x, y})) outputs.push_back(gradient);
    const std::vector<Array> inputs{random_array(type, random), random_array(row, random)};
    CompileOptions as_recorded;
    AsRecorded(as_recorded);
    const auto expected = compile(tape, outputs, Device::reference(), as_recorded).run(inputs);
    const auto one = compile(tape, outputs, Device::cpu(1)).run(inputs);
    const auto many = compile(tape, outputs, three).run(inputs);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      INFO("seed " << seed << ", result " << i << " of " << to_string(type));
      const double tolerance = element == ElementType::float64 ? 1e-10 : 1e-4;
      CHECK(difference(one[i], expected[i]) <= tolerance * std::max(1.0, largest(expected[i])));
      CHECK(many[i] == one[i]);
    }
  }
}

TEST_CASE("row values that stand for other rows are read from memory") {
  const auto rows = [](const Tensor& x) { return sum(x, {-1}); };
  const auto spread = [](const Tensor& r, const Tensor& x) {
    return broadcast_to(reshape(r, {x.extent(0), x.extent(1), 1}), x.shape());
  };
  std::mt19937_64 random(2);
  const auto check = [&](const Shape& shape, const Function1& f) {
    Tape tape(ElementType::float64);
    const Recording recording(tape);
    const auto outputs = Tensors{f(tape.argument({ElementType::float64, shape}))};
    const std::vector<Array> inputs{random_array({ElementType::float64, shape}, random)};
    const auto expected = compile(tape, outputs, Device::reference()).run(inputs)[0];
    CHECK(difference(compile(tape, outputs, Device::cpu(1)).run(inputs)[0], expected) <= 1e-12);
    CHECK(difference(compile(tape, outputs, divided_among(2)).run(inputs)[0], expected) <= 1e-12);
  };
  // Of a square matrix, along its columns.
  check({8, 8}, [&](const Tensor& x) { return x * rows(x); });
  const Shape cube{5, 5, 6};
  check(cube, [&](const Tensor& x) { return x * spread(transpose(rows(x)), x); });
  check(cube, [&](const Tensor& x) { return x * spread(flip(rows(x), {0}), x); });
  check(cube, [&](const Tensor& x) { return x * spread(rows(x) * transpose(rows(x)), x); });
  check(cube, [&](const Tensor& x) { return x * spread(rows(x) + flip(rows(x), {1}), x); });
  check({6, 1, 6}, [&](const Tensor& x) { return x * reshape(rows(x), {1, 1, 6}); });
}
