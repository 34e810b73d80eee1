// The loops compiled for every instruction set that this machine has, beside the reference kernels.

#include <cpu/loops.h>
#include <reel/operation.h>
#include <reel/ops.h>
#include <reel/structural.h>

#include <cstring>
#include <limits>
#include <numeric>

#include "catch.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

using Bytes = std::vector<unsigned char>;

/// What a map does at one list of operand types.
struct Map {
  const Operation& operation;
  Attributes attributes;
  std::vector<ElementType> operands;
  ElementType result;
};

/// All maps at all types they take.
std::vector<Map> maps() {
  std::vector<Map> found;
  const auto add = [&](const Operation& operation, const Attributes& attributes,
                       const std::vector<ElementType>& operands) {
    std::vector<TensorType> types;
    for (auto element : operands) types.push_back({element, {4}});
    try {
      found.push_back({operation, attributes, operands, operation.infer(types, attributes).element});
    } catch (const RecordError&) {
    }
  };
  for (const auto* operation : operations()) {
    if (operation->kind != Kind::map) continue;
    for (auto element : all_element_types) {
      if (operation == &select_operation()) {
        add(*operation, {}, {ElementType::boolean, element, element});
      } else if (operation == &cast_operation()) {
        for (auto to : all_element_types)
          add(*operation, {{"element", static_cast<std::int64_t>(to)}}, {element});
      } else {
        add(*operation, {}, std::vector<ElementType>(operation->samples()[0].operands.size(), element));
      }
    }
  }
  return found;
}

MapLoop loop_of(const Map& map, cpu::Variant variant) {
  const auto& loops = cpu::loops(variant);
  if (&map.operation == &select_operation()) return loops.select(map.operands[1]);
  if (&map.operation == &cast_operation()) return loops.cast(map.operands[0], map.result);
  return loops.map(map.operation.name.c_str(), map.operands[0]);
}

/// Numbers of all kinds: near 1, special ones, and any bits.
Bytes operand(ElementType element, std::int64_t count, std::mt19937_64& random, bool any) {
  return with_type(element, [&](auto zero) {
    using T = decltype(zero);
    Bytes bytes(static_cast<std::size_t>(count) * sizeof(T));
    for (std::int64_t i = 0; i < count; ++i) {
      auto value = static_cast<T>(static_cast<double>(random() % 2000) / 250 - 4);
      if constexpr (std::is_floating_point_v<T>) {
        constexpr T infinity = std::numeric_limits<T>::infinity();
        const T special[] = {0,    T(-0.0), infinity, -infinity, infinity - infinity,
                             T(1), T(-1),   T(88.8),  T(-88.8)};
        if (any && random() % 3 == 0) value = special[random() % std::size(special)];
        const auto bits = random();
        if (any && random() % 3 == 0) std::memcpy(&value, &bits, sizeof(T));
      } else if constexpr (!std::is_same_v<T, bool>) {
        if (any) value = static_cast<T>(static_cast<std::int64_t>(random() % 2001) - 1000);
      } else {
        value = random() % 2;
      }
      std::memcpy(bytes.data() + static_cast<std::size_t>(i) * sizeof(T), &value, sizeof(T));
    }
    return bytes;
  });
}

Bytes reference(const Map& map, const std::vector<Bytes>& operands, std::int64_t count) {
  std::vector<TensorType> types;
  for (auto element : map.operands) types.push_back({element, {count}});
  std::vector<ConstView> views;
  for (std::size_t i = 0; i < types.size(); ++i) views.push_back({operands[i].data(), &types[i]});
  const TensorType type{map.result, {count}};
  Bytes result(type.bytes());
  map.operation.kernels.reference({views, {result.data(), &type}, map.attributes, {}});
  return result;
}

/// Runs a loop on operands that start and end anywhere, and checks that no byte around the result changes.
Bytes run(MapLoop loop, const Map& map, const std::vector<Bytes>& operands, std::int64_t first,
          std::int64_t count, std::size_t shift, int output_of) {
  constexpr unsigned char guard = 0xa5;
  constexpr std::size_t margin = 128;
  std::vector<Bytes> copies;
  std::vector<const void*> inputs;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const auto size = size_of(map.operands[i]);
    const auto* from = operands[i].data() + static_cast<std::size_t>(first) * size;
    Bytes copy(margin + shift * size, guard);
    copy.insert(copy.end(), from, from + static_cast<std::size_t>(count) * size);
    copy.resize(copy.size() + margin, guard);
    copies.push_back(std::move(copy));
  }
  for (std::size_t i = 0; i < operands.size(); ++i)
    inputs.push_back(copies[i].data() + margin + shift * size_of(map.operands[i]));
  const auto bytes = static_cast<std::size_t>(count) * size_of(map.result);
  Bytes own(2 * margin + shift * size_of(map.result) + bytes, guard);
  auto& memory = output_of < 0 ? own : copies[static_cast<std::size_t>(output_of)];
  auto* output = memory.data() + margin + shift * size_of(map.result);
  loop(inputs.data(), output, count);
  const auto is_guard = [](unsigned char byte) { return byte == guard; };
  CHECK(std::all_of(memory.data(), output, is_guard));
  CHECK(std::all_of(output + bytes, memory.data() + memory.size(), is_guard));
  return Bytes(output, output + bytes);
}

bool is_exact(const Map& map) {
  static const char* const rounded[] = {"exp",     "expm1",    "log", "log1p", "tanh",
                                        "sigmoid", "softplus", "erf", "sin",   "cos"};
  return !is_floating(map.result) ||
         std::none_of(std::begin(rounded), std::end(rounded),
                      [&](const char* name) { return map.operation.name == name; });
}

/// Units in the last place between two numbers; NaN is NaN whatever its bits.
template <class T>
double distance(T a, T b) {
  if (a != a || b != b) return (a != a) == (b != b) ? 0 : INFINITY;
  if (std::signbit(a) != std::signbit(b)) return INFINITY;
  if (a == b) return 0;
  const T larger = std::max(std::abs(a), std::abs(b));
  return std::abs(double(a) - double(b)) / double(larger - std::nextafter(larger, T(0)));
}

double distance(const Bytes& a, const Bytes& b, ElementType element) {
  return with_type(element, [&](auto zero) {
    using T = decltype(zero);
    double largest = 0;
    for (std::size_t i = 0; i < a.size(); i += sizeof(T)) {
      T x, y;
      std::memcpy(&x, a.data() + i, sizeof(T));
      std::memcpy(&y, b.data() + i, sizeof(T));
      if constexpr (std::is_floating_point_v<T>)
        largest = std::max(largest, distance(x, y));
      else if (x != y)
        largest = INFINITY;
    }
    return largest;
  });
}

bool converts_out_of_range(const Map& map) {
  return &map.operation == &cast_operation() && is_floating(map.operands[0]) && !is_floating(map.result);
}

}  // namespace

TEST_CASE("every map has a loop for every instruction set, which gives what the reference kernel gives") {
  std::mt19937_64 random(3);
  const auto all = maps();
  CHECK(all.size() > 130);
  for (auto variant : cpu::usable_variants()) {
    for (const auto& map : all) {
      INFO(map.operation.name << " of " << name_of(map.operands.back()) << " to " << name_of(map.result)
                              << " in " << cpu::to_string(variant));
      const auto loop = loop_of(map, variant);
      REQUIRE(loop);
      constexpr std::int64_t count = 70;
      std::vector<Bytes> operands;
      for (auto element : map.operands)
        operands.push_back(operand(element, count, random, !converts_out_of_range(map)));
      const auto expected = reference(map, operands, count);
      const auto whole = run(loop, map, operands, 0, count, 0, -1);
      CHECK(distance(whole, expected, map.result) <= (is_exact(map) ? 0 : 5));
      // An element's bits are the same wherever it stands.
      const auto size = size_of(map.result);
      for (std::int64_t part = 0; part <= count; ++part) {
        const auto first = static_cast<std::int64_t>(random() % static_cast<std::size_t>(count - part + 1));
        const auto bytes = run(loop, map, operands, first, part, random() % 5, -1);
        CHECK(
            std::equal(bytes.begin(), bytes.end(), whole.begin() + first * static_cast<std::int64_t>(size)));
      }
      for (std::size_t i = 0; i < operands.size(); ++i)
        if (size_of(map.operands[i]) == size)
          for (std::int64_t part : {70, 69, 33, 16, 7, 1}) {
            const auto bytes = run(loop, map, operands, 0, part, 1, static_cast<int>(i));
            CHECK(std::equal(bytes.begin(), bytes.end(), whole.begin()));
          }
    }
  }
}

TEST_CASE("operations offer the loops of the best instruction set") {
  for (const auto& map : maps()) {
    INFO(map.operation.name);
    CHECK(map.operation.kernels.of<CpuKernels>()->map(map.operands, map.result) ==
          loop_of(map, cpu::best_variant()));
  }
}
