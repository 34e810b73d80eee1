// An array that was moved from keeps its type, and is no operand of anything until it is assigned to.

#include <reel/reel.h>

#include "catch.h"
#include "devices.h"
#include "models.h"

using namespace reel;
using namespace reel::test;

namespace {

Array moved(Array array) {
  const auto elements = std::move(array);
  return array;
}

}  // namespace

TEST_CASE("every use of an array that was moved from is an error") {
  Array empty = moved(floats({1, 2})), scalar = moved(Array(3.0));
  const Array& fixed = empty;
  CHECK(empty.moved_from());
  CHECK(empty.type() == TensorType{ElementType::float32, {2}});
  CHECK(empty.size() == 2);
  const std::vector<std::pair<const char*, std::function<void()>>> uses{
      {"raw", [&] { empty.raw(); }},
      {"raw const", [&] { fixed.raw(); }},
      {"data", [&] { empty.data<float>(); }},
      {"data const", [&] { fixed.data<float>(); }},
      {"to_vector", [&] { empty.to_vector<float>(); }},
      {"at", [&] { empty.at(1); }},
      {"item", [&] { scalar.item(); }},
      {"item of several", [&] { moved(Array(Shape{2}, ElementType::float32)).item(); }},
      {"cast", [&] { empty.cast(ElementType::float64); }},
      {"copy", [&] { const Array copy(empty); }},
      {"copy assignment",
       [&] {
         Array other;
         other = empty;
       }},
      {"equality",
       [&] {
         (void)(empty == floats({1, 2}));
       }},
      {"equality, on the right",
       [&] {
         (void)(floats({1, 2}) == empty);
       }},
      {"inequality of another type",
       [&] {
         (void)(scalar != floats({1, 2}));
       }},
      {"to_string", [&] { to_string(empty); }},
      {"to_string without elements", [&] { to_string(moved(floats({}))); }},
      {"cast without elements", [&] { moved(floats({})).cast(ElementType::int32); }},
      {"constant", [&] { constant(empty); }},
  };
  for (const auto& [name, use] : uses) {
    INFO(name);
    REQUIRE_THROWS_WITH(use(), ContainsSubstring("[Array]") && ContainsSubstring("was moved from"));
  }
}

TEST_CASE("an array that was moved from may be assigned to") {
  Array array = moved(floats({1, 2}));
  SECTION("a copy") {
    const auto other = floats({5, 6, 7});
    array = other;
    CHECK(array == other);
  }
  SECTION("a temporary") {
    array = Array(4.0);
    CHECK(array.item() == 4);
  }
  SECTION("in a swap") {
    auto other = floats({8});
    std::swap(array, other);
    CHECK(array == floats({8}));
    CHECK(other.moved_from());
  }
  CHECK(!array.moved_from());
}

TEST_CASE("an array that was moved from as argument, parameter and result", "[devices]") {
  for (const auto& device : devices()) {
    Model model(Seed{1}, device);
    const auto w = make_parameter(model, "w", {1, 2});
    Function f(model, [&](Tensor x) {
      update(w, w + 1);
      return x * w;
    });
    CHECK(f(floats({3, 4})) == floats({3, 8}));
    const auto before = values(model);
    CHECK_THROWS_WITH(f(moved(floats({3, 4}))), ContainsSubstring("argument 0") &&
                                                    ContainsSubstring("float32[2]") &&
                                                    ContainsSubstring("was moved from"));
    CHECK_THROWS_WITH(w.assign(moved(floats({3, 4}))), ContainsSubstring("was moved from"));
    CHECK_THROWS_WITH(f.profile(moved(floats({3, 4}))), ContainsSubstring("was moved from"));
    CHECK_THROWS_WITH((model / "test").parameter("v", {1}, [](auto&&...) { return moved(floats({1})); }),
                      ContainsSubstring("test/v") && ContainsSubstring("was moved from"));
    CHECK(values(model) == before);
    // Results are given new memory.
    std::vector<Array> results(1);
    const auto x = floats({1, 1});
    auto program = f.program(x);
    program.run({&x}, results);
    const auto taken = std::move(results[0]);
    program.run({&x}, results);
    CHECK(taken == floats({2, 3}));
    CHECK(results[0] == floats({3, 4}));
  }
}
