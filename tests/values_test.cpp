// What operations compute, by hand.

#include "catch.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

TEST_CASE("arithmetic broadcasts as in NumPy") {
  const auto a = doubles({2, 3}, {1, 2, 3, 4, 5, 6}), row = doubles({3}, {10, 20, 30}),
             column = doubles({2, 1}, {1, 2});
  const auto r = run({a, row, column}, [](const Tensors& in) -> Tensors {
    return {in[0] + in[1], in[0] * in[2], in[1] - in[2], 2 / in[0], 1 - in[2], -in[1]};
  });
  CHECK(values(r[0]) == List{11, 22, 33, 14, 25, 36});
  CHECK(values(r[1]) == List{1, 2, 3, 8, 10, 12});
  CHECK(r[2].shape() == Shape{2, 3});
  CHECK(values(r[2]) == List{9, 19, 29, 8, 18, 28});
  CHECK(values(r[3])[3] == 0.5);
  CHECK(values(r[4]) == List{0, -1});
  CHECK(values(r[5]) == List{-10, -20, -30});
}

TEST_CASE("index maps move the right elements") {
  const auto a = doubles({2, 3}, {1, 2, 3, 4, 5, 6});
  const auto r = run({a}, [](const Tensors& in) -> Tensors {
    const auto& x = in[0];
    return {transpose(x),
            slice(x, 1, 1, 3),
            pad(x, -1, 1, 0),
            concat({x, x}, 0),
            stack({x, 2 * x}, 1),
            reshape(x, {3, -1}),
            broadcast_to(reshape(x, {2, 1, 3}), {2, 2, 3}),
            index(x, 1, -1)};
  });
  CHECK(values(r[0]) == List{1, 4, 2, 5, 3, 6});
  CHECK(values(r[1]) == List{2, 3, 5, 6});
  CHECK(values(r[2]) == List{0, 1, 2, 3, 0, 4, 5, 6});
  CHECK(values(r[3]) == List{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6});
  CHECK(values(r[4]) == List{1, 2, 3, 2, 4, 6, 4, 5, 6, 8, 10, 12});
  CHECK(r[5].shape() == Shape{3, 2});
  CHECK(values(r[6]) == List{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6});
  CHECK(values(r[7]) == List{3, 6});
}

TEST_CASE("reductions") {
  const auto a = doubles({2, 3}, {1, 5, 3, 4, 2, 6});
  const auto r = run({a}, [](const Tensors& in) -> Tensors {
    const auto& x = in[0];
    return {sum(x), sum(x, {0}), max(x, {1}), max(x), mean(x, {-1}, true), softmax(x), exp(log_softmax(x))};
  });
  CHECK(r[0].item() == 21);
  CHECK(values(r[1]) == List{5, 7, 9});
  CHECK(values(r[2]) == List{5, 6});
  CHECK(r[3].item() == 6);
  CHECK(r[4].shape() == Shape{2, 1});
  CHECK(values(r[4])[0] == Approx(3));
  CHECK(values(r[5])[1] == Approx(std::exp(5) / (std::exp(1) + std::exp(5) + std::exp(3))));
  CHECK(difference(r[5], r[6]) < 1e-15);
}

TEST_CASE("softmax does not overflow") {
  const auto r = run({doubles({3}, {1000, 999, -1000})}, [](const Tensors& in) -> Tensors {
    return {softmax(in[0]), log_softmax(in[0])};
  });
  CHECK(values(r[0])[0] == Approx(1 / (1 + std::exp(-1))));
  CHECK(values(r[1])[2] == Approx(-2000 - std::log(1 + std::exp(-1))));
}

TEST_CASE("products of any ranks") {
  const auto a = doubles({2, 3}, {1, 2, 3, 4, 5, 6}), v = doubles({3}, {1, 0, -1});
  const auto batch = doubles({2, 1, 3}, {1, 1, 1, 2, 2, 2});
  const auto r = run({a, v, batch}, [](const Tensors& in) -> Tensors {
    return {matmul(in[0], in[1]), matmul(in[1], transpose(in[0])), matmul(in[1], in[1]),
            matmul(in[2], transpose(in[0])), matmul(in[0], transpose(in[2]))};
  });
  CHECK(values(r[0]) == List{-2, -2});
  CHECK(values(r[1]) == List{-2, -2});
  CHECK(r[2].item() == 2);
  CHECK(r[3].shape() == Shape{2, 1, 2});
  CHECK(values(r[3]) == List{6, 15, 12, 30});
  CHECK(r[4].shape() == Shape{2, 2, 1});
  CHECK(values(r[4]) == List{6, 15, 12, 30});
}

TEST_CASE("gather, scatter_add, iota, select, cast, comparisons") {
  const auto table = doubles({3, 2}, {1, 2, 3, 4, 5, 6});
  const Array indices(Shape{3}, std::vector<std::int32_t>{2, 0, 2});
  const auto r = run({table, indices}, [](const Tensors& in) -> Tensors {
    const auto rows = gather(in[0], in[1]);
    return {rows,
            scatter_add(in[1], rows, 4),
            iota(3),
            cast(in[1] >= 1, ElementType::float64),
            select(in[0] > 2, in[0], 0),
            cast(in[0] / 4, ElementType::int64),
            in[1] * 2 != 0};
  });
  CHECK(values(r[0]) == List{5, 6, 1, 2, 5, 6});
  CHECK(values(r[1]) == List{1, 2, 0, 0, 10, 12, 0, 0});
  CHECK(values(r[2]) == List{0, 1, 2});
  CHECK(values(r[3]) == List{1, 0, 1});
  CHECK(values(r[4]) == List{0, 0, 3, 4, 5, 6});
  CHECK(values(r[5]) == List{0, 0, 0, 1, 1, 1});
  CHECK(r[6].element() == ElementType::boolean);
  CHECK(values(r[6]) == List{1, 0, 1});
}

TEST_CASE("functions at the ends of their range") {
  const auto r = run({doubles({4}, {-1000, 1000, 0, NAN})}, [](const Tensors& in) -> Tensors {
    return {sigmoid(in[0]), tanh(in[0]), relu(in[0])};
  });
  CHECK(values(r[0])[0] == 0);
  CHECK(values(r[0])[1] == 1);
  CHECK(values(r[1])[0] == -1);
  for (const auto& result : r) CHECK(std::isnan(result.at(3)));
}

TEST_CASE("literals take the element type of what they meet") {
  const auto r =
      run({Array(Shape{2}, std::vector<std::int32_t>{1, 2}), Array(Shape{2}, std::vector<float>{1, 2})},
          [](const Tensors& in) -> Tensors {
            return {in[0] + 1, 0.5 * in[1], ones({2}) - in[1], zeros({2}) + 1};
          });
  CHECK(r[0].element() == ElementType::int32);
  CHECK(r[1].element() == ElementType::float32);
  CHECK(r[2].element() == ElementType::float32);
  CHECK(r[3].element() == ElementType::float64);
}

TEST_CASE("gradients with an adjoint of its own, of intermediate values, and of what is not connected") {
  const auto r = run({doubles({2}, {1, 2}), doubles({2}, {5, 7})}, [](const Tensors& in) -> Tensors {
    const auto middle = square(in[0]);
    const auto y = 3 * middle;
    auto g = gradients(y, {in[0], middle, in[1]}, constant(Array(List{10, 100})));
    CHECK(!gradients_or_absent(y, {in[1]})[0].defined());
    return g;
  });
  CHECK(values(r[0]) == List{60, 1200});
  CHECK(values(r[1]) == List{30, 300});
  CHECK(values(r[2]) == List{0, 0});
}
