#include <reel/reel.h>

#include "catch.h"
#include "models.h"

using namespace reel;
using namespace reel::test;

namespace {

Array counted(std::int64_t length) { return Array(std::vector<float>(length, 1)); }

template <class T>
struct PairOf {
  T first, second;
  REEL_MEMBERS(first, second)
};

struct SumAndDifference {
  Tensor sum, difference;
  REEL_MEMBERS(sum, difference)
};

}  // namespace

TEST_CASE("a Function is recorded once for each combination of types and shapes", "[function]") {
  Model model(Seed{1});
  int recordings = 0;
  Function twice(model, [&](const Tensor& x) {
    ++recordings;
    return x + x;
  });
  CHECK(twice(floats({1, 2})) == floats({2, 4}));
  CHECK(twice(floats({3, 4})) == floats({6, 8}));
  CHECK(recordings == 1);
  CHECK(twice(floats({3})) == floats({6}));
  CHECK(recordings == 2);
  CHECK(twice(Array(Shape{1, 2}, std::vector<float>{3, 4})) == Array(Shape{1, 2}, std::vector<float>{6, 8}));
  CHECK(recordings == 3);
  CHECK(twice(Array(std::vector<double>{3, 4})) == Array(std::vector<double>{6, 8}));
  CHECK(recordings == 4);
  CHECK(twice(floats({5, 6})) == floats({10, 12}));
  CHECK(recordings == 4);
  CHECK(twice.program_count() == 4);
}

TEST_CASE("the programs of the last 64 lengths are kept", "[function]") {
  Model model(Seed{1});
  int recordings = 0;
  Function total(model, [&](const Tensor& x) {
    ++recordings;
    return sum(x);
  });
  for (int length = 1; length <= 70; ++length) REQUIRE(total(counted(length)).item() == length);
  REQUIRE(recordings == 70);
  for (int length = 7; length <= 70; ++length) REQUIRE(total(counted(length)).item() == length);
  CHECK(recordings == 70);
}

TEST_CASE("programs that were not used for long are dropped, others are not", "[function]") {
  Model model(Seed{1});
  int recordings = 0;
  Function total(model, [&](const Tensor& x) {
    ++recordings;
    return sum(x);
  });
  const int many = static_cast<int>(ProgramCache::capacity) + 20;
  for (int length = 1; length <= many; ++length) {
    REQUIRE(total(counted(length)).item() == length);
    REQUIRE(total(counted(1)).item() == 1);
  }
  CHECK(recordings == many);
  CHECK(total.program_count() == ProgramCache::capacity);
  CHECK(total(counted(2)).item() == 2);
  CHECK(recordings == many + 1);
}

TEST_CASE("numbers are inputs of each run", "[function]") {
  Model model(Seed{1}), wide(Seed{1}, Device::cpu(), ElementType::float64);
  int recordings = 0;
  const auto pass = [&](const Tensor& d, const Tensor& f, const Tensor& i, const Tensor& l, const Tensor& b) {
    ++recordings;
    return std::tuple(d, f, i, l, b, select(b, d, f));
  };
  Function narrow_numbers(model, pass), wide_numbers(wide, pass);
  constexpr std::int64_t large = (std::int64_t{1} << 53) + 1;  // no double

  const auto first = narrow_numbers(0.1, 0.5f, 3, large, true);
  CHECK(first == std::tuple(Array(0.1f), Array(0.5f), Array(3), Array(large), Array(true), Array(0.1f)));
  const auto second = narrow_numbers(-2.0, 4.0f, -5, -large, false);
  CHECK(second == std::tuple(Array(-2.0f), Array(4.0f), Array(-5), Array(-large), Array(false), Array(4.0f)));
  CHECK(recordings == 1);

  CHECK(wide_numbers(0.1, 0.5f, 3, large, true) ==
        std::tuple(Array(0.1), Array(0.5), Array(3), Array(large), Array(true), Array(0.1)));
  CHECK(recordings == 2);
}

TEST_CASE("structures go in and come out", "[function]") {
  Model model(Seed{1});
  const Array a = floats({1, 2}), b = floats({3, 5});

  SECTION("tuples and pairs") {
    Function f(model, [](const std::tuple<Tensor, std::pair<Tensor, Tensor>>& x) {
      const auto& [first, rest] = x;
      return std::pair(std::tuple(first + rest.first), rest.second);
    });
    const auto [sum, other] = f(std::tuple(a, std::pair(b, 2)));
    CHECK(std::get<0>(sum) == floats({4, 7}));
    CHECK(other == Array(2));
  }
  SECTION("vectors and arrays") {
    Function f(model, [](const Tensors& x, const std::array<Tensor, 2>& y) {
      return std::pair(Tensors(x.rbegin(), x.rend()), std::array{y[1], y[0]});
    });
    const auto [backward, swapped] = f(std::vector{a, b, counted(1)}, std::array{a, b});
    CHECK(backward == std::vector{counted(1), b, a});
    CHECK(swapped == std::array{b, a});
    CHECK(f(std::vector<Array>{}, std::array{a, b}).first.empty());
    CHECK(f.program_count() == 2);
  }
  SECTION("a struct template") {
    Function f(model, [](const PairOf<Tensor>& x) { return PairOf<Tensor>{x.second, x.first}; });
    const PairOf<Array> swapped = f(PairOf<Array>{a, b});
    CHECK(swapped.first == b);
    CHECK(swapped.second == a);
  }
  SECTION("a plain struct is a tuple on the host") {
    Function f(model, [](const SumAndDifference& x) {
      return SumAndDifference{x.sum + x.difference, x.sum - x.difference};
    });
    const std::tuple<Array, Array> result = f(std::tuple(a, b));
    CHECK(result == std::tuple(floats({4, 7}), floats({-2, -3})));
  }
  SECTION("structures within structures") {
    Function f(model, [](const std::vector<PairOf<Tensor>>& pairs) {
      std::vector<std::tuple<Tensor, PairOf<Tensor>>> result;
      for (const auto& pair : pairs) result.emplace_back(pair.first - pair.second, pair);
      return result;
    });
    const auto result = f(std::vector{PairOf<Array>{a, b}, PairOf<Array>{b, a}});
    REQUIRE(result.size() == 2);
    CHECK(std::get<0>(result[1]) == floats({2, 3}));
    CHECK(std::get<1>(result[1]).second == a);
  }
}

TEST_CASE("other structures of the same arrays are other programs", "[function]") {
  Model model(Seed{1});
  const Array a(1.0f), b(2.0f), c(3.0f);
  SECTION("vectors of other lengths") {
    Function sums(model, [](const std::vector<Tensors>& rows) {
      Tensors sums;
      for (const auto& row : rows) sums.push_back(sum(stack(row)));
      return sums;
    });
    CHECK(sums(std::vector<std::vector<Array>>{{a, b}, {c}}) == std::vector{Array(3.0f), Array(3.0f)});
    CHECK(sums(std::vector<std::vector<Array>>{{a}, {b, c}}) == std::vector{Array(1.0f), Array(5.0f)});
    CHECK(sums(std::vector<std::vector<Array>>{{a, b, c}}) == std::vector{Array(6.0f)});
  }
  SECTION("types of a generic lambda") {
    Function same(model, [](const auto& x) { return x; });
    CHECK(same(a) == a);
    CHECK(same(std::vector{b}) == std::vector{b});
    CHECK(same(std::tuple(c)) == std::tuple(c));
    CHECK(same.program_count() == 3);
  }
}

TEST_CASE("generic lambdas and function pointers are functions too", "[function]") {
  Model model(Seed{1});
  Function generic(model, [](auto x, const auto& y) { return x * y.first - y.second; });
  CHECK(generic(2.0, PairOf<Array>{floats({3}), floats({1})}) == floats({5}));
  Function square_of(model, &reel::square);
  CHECK(square_of(floats({3})) == floats({9}));
}

TEST_CASE("a Function may return nothing, literals, parameters or its arguments", "[function]") {
  Model model(Seed{1});
  const auto p = make_parameter(model, "p", {1, 2});
  Function set(model, [&](const Tensor& x) { update(p, x); });
  static_assert(std::is_void_v<decltype(set(counted(2)))>);
  set(floats({5, 6}));
  set(floats({7, 8}));
  CHECK(p.value() == floats({7, 8}));
  CHECK(set.program_count() == 1);

  Function others(model, [&](const Tensor& x) { return std::tuple(0.5, ones({2}), p, x, x); });
  CHECK(others(floats({3})) == std::tuple(Array(0.5f), counted(2), floats({7, 8}), floats({3}), floats({3})));
  Function constant_result(model, [] { return 2.0; });
  CHECK(constant_result() == Array(2.0f));
}

TEST_CASE("results are the caller's copies", "[function]") {
  Model model(Seed{1});
  const auto p = make_parameter(model, "p", {1, 2});
  Function f(model, [&](const Tensor& x) { return std::tuple(x, p, x + p); });
  const Array x = floats({3, 4});
  auto [same, parameter, sum] = f(x);
  const auto again = f(floats({0, 0}));
  CHECK(sum == floats({4, 6}));
  for (Array* result : {&same, &parameter, &sum}) result->data<float>()[0] = 100;
  CHECK(x == floats({3, 4}));
  CHECK(p.value() == floats({1, 2}));
  CHECK(again == std::tuple(floats({0, 0}), floats({1, 2}), floats({1, 2})));
  CHECK(f(x) == std::tuple(floats({3, 4}), floats({1, 2}), floats({4, 6})));
}

TEST_CASE("functions over one model share its parameters", "[function]") {
  Model model(Seed{1});
  const auto p = make_parameter(model, "p", {1, 2});
  Function show(model, [&] { return Tensor(p); });
  Function add_to(model, [&](const Tensor& x) { update(p, p + x); });
  CHECK(show() == floats({1, 2}));
  add_to(floats({10, 20}));
  CHECK(show() == floats({11, 22}));
  p.assign(floats({5, 5}));
  CHECK(show() == floats({5, 5}));
  add_to(floats({1, 1}));
  CHECK(p.value() == floats({6, 6}));
  CHECK(show.program_count() == 1);
}

TEST_CASE("a call that cannot be recorded or run leaves the Function usable", "[function]") {
  Model model(Seed{1});
  const auto table = make_parameter(model, "table", {5, 6, 7});
  Function look_up(model, [&](const Tensor& i, const Tensor& x) { return gather(table, i) + x; });
  const Array i(std::vector<int>{2, 0});
  CHECK_THROWS_AS(look_up(i, counted(3)), RecordError);
  CHECK_THROWS_AS(look_up(Array(std::vector<int>{0, 3}), counted(2)), RunError);
  CHECK_THROWS_AS(look_up(counted(2), counted(2)), RecordError);
  CHECK(look_up(i, counted(2)) == floats({8, 6}));
  CHECK(look_up.program_count() == 1);
}

TEST_CASE("all reads see the values from before the run", "[function]") {
  Model model(Seed{1});
  const auto a = make_parameter(model, "a", {1, 2}), b = make_parameter(model, "b", {3, 4});
  SECTION("two parameters change places") {
    Function swap(model, [&] {
      update(a, b);
      update(b, a);
      return std::pair(a, b);
    });
    const auto [a_before, b_before] = swap();
    CHECK(a_before == floats({1, 2}));
    CHECK(b_before == floats({3, 4}));
    CHECK(a.value() == floats({3, 4}));
    CHECK(b.value() == floats({1, 2}));
    swap();
    CHECK(a.value() == floats({1, 2}));
  }
  SECTION("a read recorded after the update") {
    Function f(model, [&] {
      update(a, a + b);
      const auto after = 10 * a;
      update(b, after);
      return after;
    });
    CHECK(f() == floats({10, 20}));
    CHECK(a.value() == floats({4, 6}));
    CHECK(b.value() == floats({10, 20}));
  }
  SECTION("an argument that is the parameter's own memory") {
    Function f(model, [&](const Tensor& x) {
      update(a, x + x);
      return x;
    });
    CHECK(f(a.value()) == floats({1, 2}));
    CHECK(a.value() == floats({2, 4}));
    Function rotate(model, [&](const Tensor& x) {
      update(a, b);
      update(b, x);
    });
    rotate(a.value());
    CHECK(a.value() == floats({3, 4}));
    CHECK(b.value() == floats({2, 4}));
  }
}

TEST_CASE("updates that have no meaning are refused", "[function]") {
  Model model(Seed{1});
  const auto p = make_parameter(model, "p", {1, 2});
  SECTION("a second one of the same parameter") {
    Function f(model, [&](const Tensor& x) {
      update(p, x);
      update(p, p);
    });
    CHECK_THROWS_AS(f(floats({3, 4})), RecordError);
    CHECK_THROWS_WITH(f(floats({3, 4})), ContainsSubstring("test/p is updated twice"));
  }
  SECTION("inside an unroll") {
    Function f(model, [&](const Tensor& xs) {
      const auto cell = [&](const Tensor& x, const Tensor& h) {
        update(p, x);
        return h + x;
      };
      return unroll(cell, xs, zeros({2})).state;
    });
    const Array xs(Shape{3, 2}, ElementType::float32);
    CHECK_THROWS_AS(f(xs), RecordError);
    CHECK_THROWS_WITH(f(xs), ContainsSubstring("test/p is updated inside an unroll"));
  }
  SECTION("of another type") {
    Function f(model, [&](const Tensor& x) { update(p, x); });
    CHECK_THROWS_AS(f(floats({1, 2, 3})), RecordError);
    CHECK_THROWS_AS(f(Array(std::vector<double>{1, 2})), RecordError);
  }
  CHECK(p.value() == floats({1, 2}));
}
