// Integers and bools: sums and products of many are int64, means are floating, and integers of two widths
// meet in the wider.

#include <reel/losses.h>
#include <reel/unroll.h>

#include "catch.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

namespace {

constexpr auto int32 = ElementType::int32, int64 = ElementType::int64;

using Narrow = std::vector<std::int32_t>;
using Wide = std::vector<std::int64_t>;
using Recorded = std::function<Tensors(const Tensors&)>;

constexpr std::int32_t large = 2000000000;

/// The results of every device, and of the passes left out one by one, which must be the same.
std::vector<Array> everywhere(const std::vector<Array>& inputs, const Recorded& f,
                              ElementType floating = ElementType::float64) {
  Tape tape(floating);
  Recording recording(tape);
  Tensors arguments, outputs;
  for (const auto& input : inputs) arguments.push_back(tape.argument(input.type()));
  for (const auto& output : f(arguments)) outputs.push_back(bring(tape, output, "test"));
  const auto expected = compile(tape, outputs, Device::reference()).run(inputs);
  const auto check = [&](const auto& option) {
    CompileOptions options;
    option(options);
    const auto found = compile(tape, outputs, Device::cpu(), options).run(inputs);
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == expected[i]);
  };
  check([](CompileOptions&) {});
  check(AsRecorded);
  check(Without("simplify"));
  check(Without("split"));
  return expected;
}

Array one(const Array& x, const std::function<Tensor(Tensor)>& f,
          ElementType floating = ElementType::float64) {
  return everywhere(
      {x}, [&](const Tensors& in) -> Tensors { return {f(in[0])}; }, floating)[0];
}

Array integers(const Wide& elements) { return Array(elements); }
Array scalar(std::int64_t value) { return Array(value); }

const Array some_bools{std::vector<bool>{true, false, true, true}};

}  // namespace

TEST_CASE("sums of integers and bools are int64", "[integers]") {
  const auto total = [](Tensor x) { return sum(x); };
  CHECK(one(Narrow{large, large, 3}, total) == scalar(4000000003));
  CHECK(one(Narrow{-large, -large, -large}, total) == scalar(-6000000000));
  CHECK(one(Wide{4000000000, 3}, total) == scalar(4000000003));
  CHECK(one(some_bools, total) == scalar(3));
  CHECK(one(Array(Shape{0}, int32), total) == scalar(0));
  const Array table(Shape{2, 2}, Narrow{large, 1, large, 2});
  CHECK(one(table, [](Tensor x) { return sum(x, {0}); }) == integers({4000000000, 3}));
  CHECK(one(table, [](Tensor x) { return sum(sum(x, {0}, true), {1}); }) == integers({4000000003}));
  CHECK(one(table, [](Tensor x) { return sum(x, {}); }).type() == TensorType{int64, {2, 2}});
  // Once for each of many.
  CHECK(one(scalar(0), [](Tensor x) {
          return x + sum(full({70, 70}, large, int32));
        }) == scalar(4900 * std::int64_t{large}));
  CHECK(one(table, [](Tensor x) { return einsum("ij->j", {x}); }) == integers({4000000000, 3}));
}

TEST_CASE("products of integers and bools are int64", "[integers]") {
  CHECK(one(Narrow{large, -2, 3}, [](Tensor x) { return prod(x); }) == scalar(-12000000000));
  CHECK(one(some_bools, [](Tensor x) { return prod(x); }) == scalar(0));
  CHECK(one(Array(Shape{2, 2}, Narrow{65536, 1, 65536, 2}), [](Tensor x) { return prod(x, {0}); }) ==
        integers({4294967296, 2}));
  CHECK(one(Narrow{65536, 65536, 2}, [](Tensor x) { return cumprod(x, 0); }) ==
        integers({65536, 4294967296, 8589934592}));
  CHECK(one(some_bools, [](Tensor x) { return cumprod(x, 0); }) == integers({1, 0, 0, 0}));
  CHECK(one(Array(Shape{0}, int32), [](Tensor x) { return cumprod(x, 0); }).element() == int64);
}

TEST_CASE("running sums and sums by index of integers and bools are int64", "[integers]") {
  CHECK(one(Narrow{large, large, 3}, [](Tensor x) { return cumsum(x, 0); }) ==
        integers({large, 4000000000, 4000000003}));
  CHECK(one(Narrow{3, large, large}, [](Tensor x) { return cumsum(x, 0, true); }) ==
        integers({4000000003, 4000000000, large}));
  CHECK(one(some_bools, [](Tensor x) { return cumsum(x, 0); }) == integers({1, 1, 2, 3}));
  CHECK(one(Narrow{large, 3}, [](Tensor x) { return linear_scan(x, x, 0); }) ==
        integers({large, 6000000003}));
  const auto indices = constant(Array(Narrow{1, 0, 1}));
  CHECK(one(Narrow{large, 7, large}, [&](Tensor x) { return scatter_add(indices, x, 2); }) ==
        integers({7, 4000000000}));
  CHECK(one(Array(std::vector<bool>{true, true, true}),
            [&](Tensor x) { return scatter_add(indices, x, 2); }) == integers({1, 2}));
  CHECK(one(Narrow{large, 7, large}, [&](Tensor x) { return scatter_add_along_axis(indices, x, 2); }) ==
        integers({7, 4000000000}));
}

TEST_CASE("sums over the steps of integers and bools are int64", "[integers]") {
  const std::vector<Array> inputs{Array(Narrow{large, large, 3}),
                                  Array(Shape{3, 2}, Narrow{1, 1, 1, -1, 5, 6})};
  const auto found = everywhere(inputs, [](const Tensors& in) -> Tensors {
    Tensor taken, is_large, both;
    const auto result = unroll(
        [&](const std::pair<Tensor, Tensor>& x, const Tensor& s) {
          taken = x.first + 0;
          is_large = taken > 3;
          both = x.second * x.first;
          return s + x.first;
        },
        std::pair(in[0], in[1]), zeros({}, int64));
    return {result.node.summed(taken), result.node.summed(is_large), result.state,
            result.node.summed(both) + sum(result.node.stacked(taken))};
  });
  CHECK(found[0] == scalar(4000000003));
  CHECK(found[1] == scalar(2));
  CHECK(found[2] == scalar(4000000003));
  // The products are int32, as those of any two elements, and fit; their sums would not.
  CHECK(found[3] == integers({4000000015 + 4000000003, 18 + 4000000003}));
}

TEST_CASE("sums over the steps within the steps of another loop are int64", "[integers]") {
  const Array x(Shape{2, 3}, Narrow{large, large, 3, large, 4, 5});
  const auto found = everywhere({x}, [](const Tensors& in) -> Tensors {
    const auto inner = [](const Tensor& row) {
      Tensor value, flag;
      const auto result = unroll(
          [&](const Tensor& y, const Tensor& s) {
            value = y + 0;
            flag = y > 3;
            return s + y;
          },
          row, zeros({}, int32));
      return std::pair(result.node.summed(value), result.node.summed(flag));
    };
    Tensor flags;
    const auto outer = unroll(
        [&](const Tensor& row, const Tensor& s) {
          const auto [total, count] = inner(row);
          flags = count;
          return std::pair(total, s + total);
        },
        in[0], zeros({}, int64));
    return {outer.outputs, outer.state, outer.node.summed(flags)};
  });
  CHECK(found[0] == integers({4000000003, 2000000009}));
  CHECK(found[1] == scalar(6000000012));
  CHECK(found[2] == scalar(5));
}

TEST_CASE("means and variances of integers and bools are floating", "[integers]") {
  const auto average = [](Tensor x) { return mean(x); };
  for (auto floating : {ElementType::float32, ElementType::float64}) {
    const auto is = [&](const Array& found, double value) { return found == Array(value).cast(floating); };
    CHECK(is(one(Narrow{large, large, 3}, average, floating), 4000000003. / 3));
    CHECK(is(one(Narrow{1, 2}, average, floating), 1.5));
    CHECK(is(one(some_bools, average, floating), 0.75));
    // Their sum is beyond int64.
    const auto huge = std::int64_t{1} << 62;
    CHECK(is(one(Wide{huge, huge, huge}, average, floating), 0x1p62));
    // Neighbours that float32 cannot tell apart.
    const auto spread = [](Tensor x) { return variance(x, {0}, false, 1); };
    CHECK(is(one(Narrow{16777216, 16777217, 16777218}, spread, floating), 1));
    CHECK(is(one(
                 Wide{-1, 1}, [](Tensor x) { return variance(x); }, floating),
             1));
    CHECK(is(one(
                 some_bools, [](Tensor x) { return variance(x); }, floating),
             0.1875));
    CHECK(one(
              Array(Shape{2, 3}, int32), [](Tensor x) { return mean(x, {0}, true); }, floating)
              .type() == TensorType{floating, {1, 3}});
  }
}

TEST_CASE("integers of two widths meet in the wider", "[integers]") {
  const std::int64_t beyond = 4000000000;
  const std::vector<Array> inputs{Array(Narrow{5, large, -7}), Array(Wide{5, beyond, -8})};
  const auto found = everywhere(inputs, [](const Tensors& in) -> Tensors {
    const auto &a = in[0], &b = in[1];
    return {a + b, b - a, a * b, minimum(a, b), maximum(b, a), remainder(a, b), select(a == b, a, b)};
  });
  CHECK(found[0] == integers({10, beyond + large, -15}));
  CHECK(found[1] == integers({0, beyond - large, -1}));
  CHECK(found[2] == integers({25, beyond * large, 56}));
  CHECK(found[3] == integers({5, large, -8}));
  CHECK(found[4] == integers({5, beyond, -7}));
  CHECK(found[5] == integers({0, large, -7}));
  CHECK(found[6] == integers({5, beyond, -8}));
  const auto compared = everywhere(inputs, [](const Tensors& in) -> Tensors {
    const auto &a = in[0], &b = in[1];
    return {cast(stack({a == b, a != b, a<b, a <= b, a> b, a >= b}), int32)};
  });
  CHECK(compared[0].to_vector<std::int32_t>() ==
        Narrow{1, 0, 0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1});
}

TEST_CASE("what moves integers of two widths joins them in the wider", "[integers]") {
  const std::vector<Array> inputs{Array(Narrow{1, 2}), Array(Wide{3, 4000000000}), Array(std::int32_t{9})};
  const auto found = everywhere(inputs, [](const Tensors& in) -> Tensors {
    return {concat({in[0], in[1]}),
            stack({in[1], in[0]}),
            shift(in[2], in[1]),
            linear_scan(in[0], in[1], 0),
            masked_fill(in[0], in[0] == 2, in[1]),
            clamp(in[1], in[0], in[2])};
  });
  CHECK(found[0] == integers({1, 2, 3, 4000000000}));
  CHECK(found[1] == Array(Shape{2, 2}, Wide{3, 4000000000, 1, 2}));
  CHECK(found[2] == integers({9, 3}));
  CHECK(found[3] == integers({3, 4000000006}));
  CHECK(found[4] == integers({1, 4000000000}));
  CHECK(found[5] == integers({3, 9}));
}

TEST_CASE("positions meet int32 without a cast", "[integers]") {
  const std::vector<Array> inputs{Array(Narrow{2, 0, 1}), doubles({3, 3}, {1, 5, 2, 9, 3, 4, 0, 8, 7})};
  const auto found = everywhere(inputs, [](const Tensors& in) -> Tensors {
    const auto &targets = in[0], &scores = in[1];
    const auto chosen = argmax(scores);
    return {cast(iota(3) < targets, int32),
            targets * iota(3),
            cast(chosen == targets, int32),
            select(chosen == targets, chosen, targets),
            gather(scores, select(targets == iota(3), 0, targets)),
            one_hot(targets + iota(3), 4, ElementType::int32),
            targets + iota(3, int32),
            mean(chosen == targets)};
  });
  CHECK(found[0].to_vector<std::int32_t>() == Narrow{1, 0, 0});
  CHECK(found[1] == integers({0, 0, 2}));
  CHECK(found[2].to_vector<std::int32_t>() == Narrow{0, 1, 1});
  CHECK(found[3] == integers({2, 0, 1}));
  CHECK(values(found[4]) == List{0, 8, 7, 1, 5, 2, 9, 3, 4});
  CHECK(found[5].to_vector<std::int32_t>() == Narrow{0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1});
  // Of one width they stay so.
  CHECK(found[6].to_vector<std::int32_t>() == Narrow{2, 1, 3});
  CHECK(found[7].item() == Approx(2. / 3));
}

TEST_CASE("integers of two widths meet on a tape that is not being recorded on", "[integers]") {
  Tape tape;
  const auto x = tape.argument({int64, {3}});
  const auto y = x + iota(3, int32), z = sum(concat({constant(Array(Narrow{large})), x}));
  const auto counts = scatter_add(x, constant(Array(std::vector<bool>{true, false, true})), 8);
  const auto found = compile(tape, {y, z, counts}).run({Array(Wide{5, 6, 7})});
  CHECK(found[0] == integers({5, 7, 9}));
  CHECK(found[1] == scalar(large + 18));
  CHECK(found[2] == integers({0, 0, 0, 0, 0, 1, 0, 1}));
}

TEST_CASE("bools and floating numbers still do not meet integers", "[integers]") {
  Tape tape;
  Recording recording(tape);
  const auto narrow = tape.argument({int32, {2}}), wide = tape.argument({int64, {2}}),
             flag = tape.argument({ElementType::boolean, {2}}),
             real = tape.argument({ElementType::float32, {2}});
  for (const auto& integer : {narrow, wide}) {
    CHECK_THROWS_WITH(integer + flag, ContainsSubstring("[add]") && ContainsSubstring("cast"));
    CHECK_THROWS_WITH(integer == flag, ContainsSubstring("[equal]") && ContainsSubstring("cast"));
    CHECK_THROWS_WITH(integer * real, ContainsSubstring("[mul]") && ContainsSubstring("cast"));
    CHECK_THROWS_WITH(concat({integer, flag}), ContainsSubstring("[concat]"));
    CHECK_THROWS_WITH(integer + 0.5, ContainsSubstring("fractional"));
    CHECK_THROWS_WITH(norm(integer), ContainsSubstring("[norm]") && ContainsSubstring("floating"));
    CHECK_THROWS_WITH(mean_squared_error(integer, integer), ContainsSubstring("[mean_squared_error]"));
  }
  CHECK_THROWS_WITH(minimum(minimum(narrow, wide), real), ContainsSubstring("[minimum]"));
  // The operations themselves do not convert.
  const auto& chosen = operations();
  for (const auto* operation : chosen)
    if (operation->name == "sum" || operation->name == "prod")
      CHECK_THROWS_WITH(record(*operation, {narrow}, {{"axes", Axes{0}}}), ContainsSubstring("int64"));
}
