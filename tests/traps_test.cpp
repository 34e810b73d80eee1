// Floating-point exceptions: no kernel raises one that its elements do not, so that programs run under
// feenableexcept.

#include <cpu/loops.h>
#include <cpu/product.h>
#include <reel/reel.h>

#include <cfenv>
#include <cmath>
#include <functional>
#include <limits>

#include "catch.h"
#include "compiled_map.h"
#include "trapped.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

template <class F>
int raised(F&& f) {
  std::feclearexcept(FE_ALL_EXCEPT);
  f();
  return std::fetestexcept(watched);
}

template <class T>
std::vector<T> special_numbers() {
  using Limits = std::numeric_limits<T>;
  const T infinity = Limits::infinity();
  return {0,
          T(-0.0),
          1,
          -1,
          T(0.5),
          T(-0.5),
          2,
          T(-2.5),
          3,
          T(1e-20),
          T(-1e-20),
          88,
          -90,
          T(100),
          T(-200),
          T(1e6),
          T(-1e6),
          T(1e20),
          T(-1e20),
          Limits::min(),
          -Limits::min(),
          Limits::max(),
          Limits::lowest(),
          Limits::denorm_min(),
          -Limits::denorm_min(),
          Limits::max() / 2,
          Limits::epsilon() - 1,
          infinity,
          -infinity,
          Limits::quiet_NaN()};
}

/// What may be raised where these operands give this result: of a NaN only where none was given, of an
/// infinity only where none was given either.
int allowed(const std::vector<double>& operands, double result) {
  bool has_nan = false, is_finite = true;
  for (auto x : operands) {
    has_nan |= std::isnan(x);
    is_finite &= std::isfinite(x);
  }
  if (std::isnan(result) && !has_nan) return FE_INVALID;
  if (std::isinf(result) && is_finite) return FE_OVERFLOW | FE_DIVBYZERO;
  return 0;
}

struct Map {
  const Operation& operation;
  ElementType element;
  std::size_t arity;
  ElementType result;
};
using Loop = LoopFunction;

/// The operation's plain kernel.
Loop reference(const Map& map) {
  return [map](const void* const* inputs, void* output, std::int64_t count) {
    const TensorType operand{map.element, {count}}, result{map.result, {count}};
    const ConstView views[] = {{inputs[0], &operand}, {inputs[1], &operand}};
    map.operation.kernels.reference({Span<const ConstView>(views, map.arity), {output, &result}, {}, {}});
  };
}

/// The maps of the table that take a floating type, with each of both.
std::vector<Map> floating_maps() {
  std::vector<Map> maps;
  for (const auto* operation : operations()) {
    if (operation->kind != Kind::map ||
        !cpu::loops(cpu::Variant::baseline).map(operation->name.c_str(), ElementType::float32))
      continue;
    const auto arity = operation->samples().front().operands.size();
    for (auto element : {ElementType::float32, ElementType::float64}) {
      const std::vector<TensorType> types(arity, {element, {}});
      maps.push_back({*operation, element, arity, operation->infer(types, {}).element});
    }
  }
  return maps;
}

/// Calls a loop with `count` times the same operands and holds what it raises against what may be.
template <class T>
void check_loop(const Map& map, const Loop& loop, const std::vector<T>& operands, bool is_reference) {
  constexpr std::int64_t most = 2 * 64 / sizeof(T) + 1;
  std::vector<std::vector<T>> repeated;
  for (auto x : operands) repeated.emplace_back(most, x);
  const void* inputs[] = {repeated.front().data(), repeated.back().data()};
  const bool is_bool = map.result == ElementType::boolean;
  std::vector<T> result(most);
  const auto found = [&](std::int64_t count) { return raised([&] { loop(inputs, result.data(), count); }); };
  found(1);
  // An order of NaN is unordered, which C++'s comparisons of numbers say aloud.
  const bool orders_nan =
      (is_bool || is_reference) && (std::isnan(operands.front()) || std::isnan(operands.back()));
  const auto may =
      allowed({operands.begin(), operands.end()}, is_bool ? 0.0 : static_cast<double>(result[0])) |
      (orders_nan ? FE_INVALID : 0);
  for (std::int64_t count = 1; count <= most; ++count) {
    const auto flags = found(count);
    if ((flags & ~may) == 0) continue;
    FAIL_CHECK(map.operation.name << " of " << count << " times " << operands.front() << ", "
                                  << operands.back() << " gives " << result[0] << " and raises " << flags
                                  << ", which may be " << may);
    return;
  }
}

template <class T>
void check_map(const Map& map, const Loop& loop, bool is_reference = false) {
  const auto numbers = special_numbers<T>();
  for (auto a : numbers) {
    if (map.arity == 1) check_loop<T>(map, loop, {a}, is_reference);
    if (map.arity == 2)
      for (auto b : numbers) check_loop<T>(map, loop, {a, b}, is_reference);
  }
}

}  // namespace

TEST_CASE("no map raises an exception that none of its elements does, whatever their number", "[traps]") {
  for (auto variant : cpu::usable_variants())
    for (const auto& map : floating_maps()) {
      INFO(cpu::to_string(variant) << ", " << name_of(map.element));
      const auto loop = cpu::loops(variant).map(map.operation.name.c_str(), map.element);
      map.element == ElementType::float32 ? check_map<float>(map, loop) : check_map<double>(map, loop);
    }
}

TEST_CASE("nor does a map that is compiled", "[traps]") {
  for (auto variant : compiling_variants())
    for (const auto& map : floating_maps()) {
      INFO(cpu::to_string(variant) << ", " << name_of(map.element));
      const auto loop = compiled_map(map.operation.name.c_str(), map.element, map.arity, variant);
      if (!loop) continue;
      map.element == ElementType::float32 ? check_map<float>(map, loop) : check_map<double>(map, loop);
    }
}

TEST_CASE("nor does the plain function that defines it", "[traps]") {
  for (const auto& map : floating_maps()) {
    INFO("reference, " << name_of(map.element));
    const auto loop = reference(map);
    map.element == ElementType::float32 ? check_map<float>(map, loop, true)
                                        : check_map<double>(map, loop, true);
  }
}

TEST_CASE("conversions of numbers that fit raise nothing", "[traps]") {
  for (auto variant : cpu::usable_variants())
    for (auto from : {ElementType::float32, ElementType::float64})
      for (auto to : {ElementType::float32, ElementType::float64, ElementType::int32, ElementType::int64,
                      ElementType::boolean})
        for (double number : {0.0, 1.0, -1.5, 1e9, 1e-30, -2e9, double(INFINITY), double(NAN)}) {
          if (!is_floating(to) && to != ElementType::boolean && !std::isfinite(number)) continue;
          for (std::int64_t count = 1; count <= 33; ++count) {
            const auto x = Array({count}, std::vector<double>(count, number)).cast(from);
            Array y({count}, to);
            const void* inputs[] = {x.raw()};
            CAPTURE(cpu::to_string(variant), name_of(from), name_of(to), number, count);
            const auto flags = raised([&] { cpu::loops(variant).cast(from, to)(inputs, y.raw(), count); });
            if (flags != 0) FAIL_CHECK("raises " << flags);
          }
        }
}

TEST_CASE("reductions raise nothing beside the sum or product itself", "[traps]") {
  const double numbers[] = {0, 1, -1, 1e-30, -1e-300, INFINITY, -INFINITY};
  for (auto variant : cpu::usable_variants())
    for (auto element : {ElementType::float32, ElementType::float64})
      for (const auto* name : {"sum", "prod", "max", "min"})
        for (double number : numbers) {
          for (std::int64_t columns = 1; columns <= 35; ++columns) {
            constexpr std::int64_t rows = 3;
            const auto x = Array({rows, columns}, std::vector<double>(rows * columns, number)).cast(element);
            const auto loops = cpu::loops(variant).columns(name, element);
            std::vector<double> totals(columns), y(std::max(rows, columns));
            CAPTURE(cpu::to_string(variant), name_of(element), name, number, columns);
            const auto flags = raised([&] {
              cpu::loops(variant).rows(name, element)(x.raw(), y.data(), rows, columns);
              loops.start(totals.data(), columns);
              loops.take(totals.data(), x.raw(), rows, columns);
              loops.finish(totals.data(), y.data(), columns);
              for (const Axes& axes : {Axes{0}, Axes{1}}) {
                const AxisGroups groups(x.shape(), axes);
                cpu::loops(variant).reduction(name, element)(groups, x.raw(), y.data(), 0, groups.units());
              }
            });
            if (flags != 0) FAIL_CHECK("raises " << flags);
          }
        }
}

TEST_CASE("products of matrices with infinite, large or NaN elements raise nothing beside the elements",
          "[traps]") {
  const Attributes roles{{"left", std::string("mk")}, {"right", std::string("kn")}};
  for (auto variant : cpu::usable_variants())
    for (auto element : {ElementType::float32, ElementType::float64})
      for (double number : {1.0, double(INFINITY), 3e38, double(NAN)})
        for (std::int64_t m : {1, 3, 9})
          for (std::int64_t n : {1, 3, 5, 17, 33, 40})
            for (bool prepared : {false, true}) {
              const std::int64_t k = 3;
              const auto filled = [&](const Shape& shape, double value) {
                return Array(shape, std::vector<double>(shape.size(), value)).cast(element);
              };
              // Columns of B are no neighbours, so that it is copied even where it is used but once.
              const auto a = filled({m, k}, number), b = filled({n, k}, 0.25);
              Array c({m, n}, element);
              const KernelRequest request{{Layout::contiguous(a.type()), {{element, {k, n}}, {1, k}}},
                                          Layout::contiguous(c.type()),
                                          roles,
                                          prepared};
              const auto kernel = cpu::product_kernel(request, variant);
              std::vector<double> scratch(kernel.scratch_bytes / sizeof(double) + 8),
                  packed(cpu::packed_bytes({request.operands, request.result, roles}, variant) /
                             sizeof(double) +
                         8);
              if (prepared && cpu::packed_bytes({request.operands, request.result, roles}, variant) == 0)
                continue;
              CAPTURE(cpu::to_string(variant), name_of(element), number, m, n, prepared);
              const auto aligned = [](std::vector<double>& memory) {
                const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
                return memory.data() + (64 - address % 64) % 64 / sizeof(double);
              };
              const auto flags = raised([&] {
                if (prepared) {
                  const void* whole[] = {b.raw()};
                  cpu::packing_kernel({request.operands, request.result, roles}, variant)
                      .run({whole, aligned(packed), nullptr, 0, 1, {}});
                }
                const void* inputs[] = {a.raw(), prepared ? aligned(packed) : b.raw()};
                kernel.run({inputs, c.raw(), aligned(scratch), 0, 1, {}});
              });
              if (flags != 0) FAIL_CHECK("raises " << flags);
            }
}

#if defined(__GLIBC__)
namespace {

template <class Cell>
bool train(int threads, ElementType element, std::int64_t hidden) {
  Model model(Seed{1}, Device::cpu(threads), element);
  const Cell cell(model / "cell", 5, hidden);
  const Linear head(model / "head", hidden, 3);
  TrainingStep step(model, clip_by_global_norm(1, Adam(1e-2)), [&](Tensor x, Tensor target) {
    const auto outputs = unroll(cell, x, cell.initial_state(x.extent(1))).outputs;
    const auto mask = lower_triangle(7, 7);
    const auto mixed =
        attention(permute(outputs, {1, 0, 2}), permute(outputs, {1, 0, 2}),
                  layer_norm(permute(outputs, {1, 0, 2})), broadcast_to(mask, {x.extent(1), 7, 7}));
    const auto noise = normal(outputs.shape()) + cast(bernoulli(outputs.shape(), 0.5), element);
    return cross_entropy(head(dropout(outputs, 0.3) + 0.01 * noise), target) + mean(square(mixed)) +
           mean(logsumexp(masked_fill(outputs, outputs > 2, -INFINITY), {2})) +
           0.1 * mean(variance(outputs, {1}));
  });
  std::mt19937_64 random(3);
  for (std::int64_t batch : {3, 40}) {
    const auto x = random_array({element, {7, batch, 5}}, random, -3, 3);
    const auto target = random_array({ElementType::int64, {7, batch}}, random, 0, 3);
    for (int i = 0; i < 3; ++i) step(x, target);
  }
  return true;
}

}  // namespace

TEST_CASE("cells of a size that fills no vector train where every exception ends the program", "[traps]") {
  REQUIRE(trapped([] {
            volatile float zero = 0;
            volatile float none = zero / zero;
            return std::isnan(none);
          }) == "signal " + std::to_string(SIGFPE));
  for (auto element : {ElementType::float32, ElementType::float64})
    for (int threads : {1, 3}) {
      if (threads > 1 && !forks_with_threads) continue;
      CAPTURE(name_of(element), threads);
      CHECK(trapped([&] { return train<LSTM>(threads, element, 3); }) == "done");
      CHECK(trapped([&] { return train<GRU>(threads, element, 3); }) == "done");
      CHECK(trapped([&] { return train<RNN>(threads, element, 13); }) == "done");
      CHECK(trapped([&] { return train<LSTM>(threads, element, 33); }) == "done");
    }
}
#endif
