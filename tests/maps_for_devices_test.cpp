// The functors of ops/maps.h mean the same where another device's compiler reads them.

#include <reel/ops.h>

#include <cstring>
#include <limits>

#include "catch.h"
#include "maps_for_devices/maps_for_devices.h"

using namespace reel;

namespace {

/// What an operation's reference kernel makes of one or two numbers, where it gives a number of their type or
/// a bool.
template <class T>
T reference(const Operation& map, std::size_t arity, T a, T b) {
  const TensorType type{element_type_of<T>, {}};
  const auto result = map.infer(std::vector<TensorType>(arity, type), {});
  const ConstView operands[] = {{&a, &type}, {&b, &type}};
  T number{};
  bool truth = false;
  const bool is_truth = result.element == ElementType::boolean;
  void* to = is_truth ? static_cast<void*>(&truth) : static_cast<void*>(&number);
  map.kernels.reference({{operands, arity}, {to, &result}, {}, {}});
  return is_truth ? static_cast<T>(truth) : number;
}

template <class T>
int compare(const Operation& map) {
  constexpr T infinity = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  const std::vector<T> numbers{-infinity, T(-2.5), T(-1), T(-0.0), T(0),     T(1e-30),
                               T(0.5),    T(1),    T(3),  T(88),   infinity, nan};
  int compared = 0;
  for (auto a : numbers)
    for (auto b : numbers) {
      T found{};
      if (!map_for_devices(map.name.c_str(), a, b, found)) continue;
      const auto arity = map.samples()[0].operands.size();
      const auto expected = reference(map, arity, a, b);
      INFO(map.name << " of " << a << " and " << b << " gives " << found << ", not " << expected);
      CHECK((std::memcmp(&found, &expected, sizeof found) == 0 || (found != found && expected != expected)));
      ++compared;
    }
  return compared;
}

}  // namespace

TEST_CASE("maps compiled for devices are the maps of the host") {
  int maps = 0;
  for (const auto* operation : operations())
    if (operation->kind == Kind::map && compare<float>(*operation) > 0) {
      CHECK(compare<double>(*operation) > 0);
      ++maps;
    }
  CHECK(maps >= 35);
}
