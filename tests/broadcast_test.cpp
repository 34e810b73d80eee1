// Operations that broadcast, on random shapes of rank 0 to 5 with extents 0 to 3, against plain loops.

#include <reel/check_gradients.h>

#include <algorithm>

#include "catch.h"
#include "random_shapes.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

namespace {

/// Eighths: sums and products of a few of them are exact in any order, and some of them tie. Or whole
/// numbers.
Array eighths(const TensorType& type, Random& random) {
  auto array = random_array({ElementType::float64, type.shape}, random, -8, 8);
  for (std::int64_t i = 0; i < array.size(); ++i) {
    auto& x = array.data<double>()[i];
    x = type.element == ElementType::boolean ? x > 0 : std::round(x) / (is_floating(type.element) ? 8 : 1);
  }
  return array.cast(type.element);
}

/// Shapes that broadcast to one: leading axes missing, others of extent 1.
Shape random_part(const Shape& shape, Random& random) {
  const int missing = static_cast<int>(below(shape.rank() + 1, random));
  Extents extents(shape.begin() + missing, shape.end());
  for (auto& extent : extents)
    if (below(3, random) == 0) extent = 1;
  return Shape(extents);
}

Shape plain_broadcast(const std::vector<Shape>& shapes) {
  int rank = 0;
  for (const auto& shape : shapes) rank = std::max(rank, shape.rank());
  Extents extents(rank, 1);
  for (const auto& shape : shapes)
    for (int axis = 0; axis < shape.rank(); ++axis)
      if (shape[axis] != 1) extents[rank - shape.rank() + axis] = shape[axis];
  return Shape(extents);
}

/// An operation that broadcasts, and what it does to numbers.
struct Broadcasting {
  const char* name;
  std::function<Tensor(const Tensors&)> operation;
  std::function<double(const List&)> plain;
  std::vector<ElementType> elements;
};

Broadcasting pair(const char* name, Tensor (*operation)(const Tensor&, const Tensor&), ElementType element,
                  double (*plain)(double, double)) {
  return {name,
          [=](const Tensors& x) { return operation(x[0], x[1]); },
          [=](const List& x) { return plain(x[0], x[1]); },
          {element, element}};
}

std::vector<Broadcasting> broadcasting_operations() {
  constexpr auto real = ElementType::float64, single = ElementType::float32, integer = ElementType::int32,
                 boolean = ElementType::boolean;
  std::vector<Broadcasting> all{
      pair("div", div, real, [](double a, double b) { return a / b; }),
      pair("pow", reel::pow, real, [](double a, double b) { return std::pow(a, b); }),
      pair("remainder", remainder, real, [](double a, double b) { return a - b * std::floor(a / b); }),
      pair("remainder", remainder, integer,
           [](double a, double b) { return b == 0 ? 0 : a - b * std::floor(a / b); }),
      pair("equal", equal, boolean, [](double a, double b) -> double { return a == b; }),
      pair("not_equal", not_equal, boolean, [](double a, double b) -> double { return a != b; }),
      pair("logical_and", logical_and, boolean,
           [](double a, double b) -> double { return a != 0 && b != 0; }),
      pair("logical_or", logical_or, boolean, [](double a, double b) -> double { return a != 0 || b != 0; }),
      {"select",
       [](const Tensors& x) { return select(x[0], x[1], x[2]); },
       [](const List& x) { return x[0] != 0 ? x[1] : x[2]; },
       {boolean, real, real}},
      {"masked_fill",
       [](const Tensors& x) { return masked_fill(x[0], x[1], x[2]); },
       [](const List& x) { return x[1] != 0 ? x[2] : x[0]; },
       {ElementType::int64, boolean, ElementType::int64}},
      {"clamp",
       [](const Tensors& x) { return clamp(x[0], x[1], x[2]); },
       [](const List& x) { return std::min(std::max(x[0], x[1]), x[2]); },
       {real, real, real}}};
  for (auto element : {real, single, integer}) {
    all.push_back(pair("add", add, element, [](double a, double b) { return a + b; }));
    all.push_back(pair("sub", sub, element, [](double a, double b) { return a - b; }));
    all.push_back(pair("mul", mul, element, [](double a, double b) { return a * b; }));
    all.push_back(pair("minimum", minimum, element, [](double a, double b) { return std::min(a, b); }));
    all.push_back(pair("maximum", maximum, element, [](double a, double b) { return std::max(a, b); }));
    all.push_back(pair("equal", equal, element, [](double a, double b) -> double { return a == b; }));
    all.push_back(pair("not_equal", not_equal, element, [](double a, double b) -> double { return a != b; }));
    all.push_back(pair("less", less, element, [](double a, double b) -> double { return a < b; }));
    all.push_back(
        pair("less_equal", less_equal, element, [](double a, double b) -> double { return a <= b; }));
    all.push_back(pair("greater", greater, element, [](double a, double b) -> double { return a > b; }));
    all.push_back(
        pair("greater_equal", greater_equal, element, [](double a, double b) -> double { return a >= b; }));
  }
  return all;
}

/// The same bits, but any NaN is like another and zeros have no sign.
bool same(const Array& a, const Array& b) {
  if (a.type() != b.type()) return false;
  for (std::int64_t i = 0; i < a.size(); ++i)
    if (a.at(i) != b.at(i) && !(std::isnan(a.at(i)) && std::isnan(b.at(i)))) return false;
  return true;
}

}  // namespace

TEST_CASE("operations broadcast random shapes as plain loops do") {
  Random random(11);
  for (const auto& [name, operation, plain, elements] : broadcasting_operations())
    for (int round = 0; round < 60; ++round) {
      const auto whole = random_shape(random, round % 6);
      std::vector<Shape> shapes;
      std::vector<Array> inputs;
      std::string types;
      for (auto element : elements) {
        shapes.push_back(random_part(whole, random));
        inputs.push_back(eighths({element, shapes.back()}, random));
        types += to_string(inputs.back().type()) + " ";
      }
      INFO(name << ": " << types);
      const auto found =
          run(inputs, [&operation = operation](const Tensors& x) -> Tensors { return {operation(x)}; })[0];
      Array expected(plain_broadcast(shapes), ElementType::float64);
      for_each_index(expected.shape(), [&, &plain = plain](const Extents& index, std::int64_t position) {
        List numbers;
        for (std::size_t i = 0; i < inputs.size(); ++i)
          numbers.push_back(inputs[i].at(broadcast_position(shapes[i], index)));
        expected.data<double>()[position] = plain(numbers);
      });
      CHECK(same(found, expected.cast(found.element())));
    }
}

TEST_CASE("what is broadcast gets the sum of the adjoints") {
  Random random(14);
  for (int round = 0; round < 60; ++round) {
    const auto whole = random_shape(random, round % 6);
    std::vector<Array> inputs;
    std::string types;
    for (int i = 0; i < 3; ++i) {
      inputs.push_back(random_array({ElementType::float64, random_part(whole, random)}, random));
      types += to_string(inputs.back().type()) + " ";
    }
    INFO(types);
    const auto check = check_gradients(
        [](const Tensors& x) { return select(x[0] > 0, x[1] * x[2], x[0] / (2 + x[1])); }, inputs);
    INFO(to_string(check));
    CHECK(check.passes(1e-9));
  }
}

TEST_CASE("products of random shapes are those of plain loops") {
  Random random(12);
  for (int round = 0; round < 150; ++round) {
    const auto batch = random_shape(random, round % 4);
    const auto m = below(4, random), k = below(4, random), n = below(4, random);
    const auto with_matrix = [](Shape shape, std::int64_t rows, std::int64_t columns) {
      return shape.with_axis(shape.rank(), rows).with_axis(shape.rank() + 1, columns);
    };
    const auto batch_a = random_part(batch, random), batch_b = random_part(batch, random);
    const std::vector<Array> inputs{eighths({ElementType::float64, with_matrix(batch_a, m, k)}, random),
                                    eighths({ElementType::float64, with_matrix(batch_b, k, n)}, random)};
    INFO(to_string(inputs[0].type()) << " x " << to_string(inputs[1].type()));
    Array expected(with_matrix(plain_broadcast({batch_a, batch_b}), m, n), ElementType::float64);
    for_each_index(expected.shape(), [&](const Extents& index, std::int64_t position) {
      const Extents outer(index.begin(), index.end() - 2);
      const auto i = index[index.size() - 2], j = index.back();
      for (std::int64_t l = 0; l < k; ++l)
        expected.data<double>()[position] +=
            inputs[0].at((broadcast_position(batch_a, outer) * m + i) * k + l) *
            inputs[1].at((broadcast_position(batch_b, outer) * k + l) * n + j);
    });
    const auto found = run(inputs, [](const Tensors& x) -> Tensors { return {matmul(x[0], x[1])}; });
    CHECK(same(found[0], expected));
  }
}
