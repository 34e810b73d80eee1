// Reductions compiled for every instruction set that this machine has, beside the reference kernels and long
// double.

#include <cpu/loops.h>
#include <reel/operation.h>
#include <reel/ops.h>
#include <reel/structural.h>

#include <cstring>

#include "catch.h"
#include "run.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

const std::vector<std::string> reductions{"sum", "prod", "max", "min"};

bool is_extreme(const std::string& name) { return name == "max" || name == "min"; }

const Operation& operation_of(const std::string& name) {
  for (const auto* operation : operations())
    if (operation->name == name) return *operation;
  throw Error(name);
}

Array reference(const Operation& operation, const Array& x, const Axes& axes) {
  const Attributes attributes{{"axes", axes}};
  Array y(operation.infer({x.type()}, attributes));
  const auto type = x.type(), result = y.type();
  const ConstView view{x.raw(), &type};
  operation.kernels.reference({Span<const ConstView>(&view, 1), {y.raw(), &result}, attributes, {}});
  return y;
}

/// The kernel's result when `parts` share the work.
Array reduced(cpu::ReductionLoop loop, const Operation& operation, const Array& x, const Axes& axes,
              std::int64_t parts) {
  Array y(operation.infer({x.type()}, {{"axes", axes}}));
  const AxisGroups groups(x.shape(), axes);
  const auto units = groups.units();
  for (std::int64_t part = 0; part < parts; ++part)
    loop(groups, x.raw(), y.raw(), units * part / parts, units * (part + 1) / parts);
  return y;
}

bool same_bits(const Array& a, const Array& b) {
  return a.type() == b.type() && std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

bool agree(const Array& a, const Array& b, double tolerance) {
  if (a.type() != b.type()) return false;
  for (std::int64_t i = 0; i < a.size(); ++i)
    if (!(std::abs(a.at(i) - b.at(i)) <= tolerance * std::max(1.0, std::abs(b.at(i)))) &&
        a.at(i) != b.at(i) && !(std::isnan(a.at(i)) && std::isnan(b.at(i))))
      return false;
  return true;
}

std::vector<Axes> all_choices(int rank) {
  std::vector<Axes> choices;
  for (int bits = 0; bits < 1 << rank; ++bits) {
    Axes axes;
    for (int axis = 0; axis < rank; ++axis)
      if (bits >> axis & 1) axes.push_back(axis);
    choices.push_back(axes);
  }
  return choices;
}

}  // namespace

TEST_CASE("a reduction of a part of a larger array is that of its copy") {
  const Shape whole{5, 4, 3, 24}, shape{5, 4, 3, 9};
  Array all(whole, ElementType::float32), part(shape, ElementType::float32);
  std::mt19937_64 random(7);
  std::uniform_real_distribution<float> number(-1, 1);
  auto* to = static_cast<float*>(all.raw());
  for (std::int64_t i = 0; i < all.size(); ++i) to[i] = number(random);
  constexpr std::int64_t first = 6;
  for (std::int64_t row = 0; row < 60; ++row)
    std::copy_n(to + row * 24 + first, 9, static_cast<float*>(part.raw()) + row * 9);
  const Layout layout{part.type(), {4 * 3 * 24, 3 * 24, 24, 1}};
  CHECK(!AxisGroups::are_of(layout, {0, 3}));
  CHECK(!AxisGroups::are_of({{ElementType::float32, {9, 60}}, {1, 24}}, {0}));
  for (const Axes& axes : {Axes{0}, Axes{1}, Axes{0, 1}, Axes{0, 2}, Axes{0, 1, 2}})
    for (auto variant : cpu::usable_variants()) {
      const auto loop = cpu::loops(variant).reduction("sum", ElementType::float32);
      const AxisGroups of_part(shape, axes), of_layout(layout, axes);
      Array expected(sum_operation().infer({part.type()}, {{"axes", axes}})), found(expected.type());
      REQUIRE(AxisGroups::are_of(layout, axes));
      loop(of_part, part.raw(), expected.raw(), 0, of_part.units());
      loop(of_layout, to + first, found.raw(), 0, of_layout.units());
      INFO(cpu::to_string(variant) << ", " << axes.size() << " axes from " << axes[0]);
      CHECK(same_bits(found, expected));
    }
}

TEST_CASE("reductions over any axes give what the reference kernels give, in any number of parts") {
  std::mt19937_64 random(5);
  for (const Shape& shape :
       {Shape{}, Shape{1}, Shape{70}, Shape{3, 200}, Shape{300, 5}, Shape{9, 130}, Shape{3, 1, 9},
        Shape{4, 5, 6}, Shape{2, 3, 4, 5}, Shape{2, 1, 3, 1, 7}, Shape{0, 3}, Shape{3, 0}, Shape{2, 0, 3}}) {
    for (auto element :
         {ElementType::float32, ElementType::float64, ElementType::int32, ElementType::int64}) {
      const auto x = random_array({element, shape}, random, -2, 3);
      for (const auto& name : reductions) {
        // Sums and products of int32 are those of int64.
        if (element != summed_type(element) && !is_extreme(name)) continue;
        const auto operation = operation_of(name);
        for (const auto& axes : all_choices(shape.rank())) {
          const bool has_extreme = std::none_of(axes.begin(), axes.end(), [&, &s = shape](auto axis) {
            return s[static_cast<int>(axis)] == 0;
          });
          if (!has_extreme && is_extreme(name)) continue;
          const auto expected = reference(operation, x, axes);
          for (auto variant : cpu::usable_variants()) {
            INFO(name << " of " << to_string(x.type()) << " over " << to_string(Attributes{{"axes", axes}})
                      << " in " << cpu::to_string(variant));
            const auto loop = cpu::loops(variant).reduction(name.c_str(), element);
            const auto found = reduced(loop, operation, x, axes, 1);
            CHECK(agree(found, expected,
                        is_integer(element)               ? 0
                        : element == ElementType::float32 ? 1e-5
                                                          : 1e-13));
            CHECK(same_bits(found, reduced(loop, operation, x, axes, 2)));
            CHECK(same_bits(found, reduced(loop, operation, x, axes, 7)));
          }
        }
      }
    }
  }
}

TEST_CASE("extremes are NaN where an element is") {
  for (auto variant : cpu::usable_variants())
    for (auto element : {ElementType::float32, ElementType::float64})
      for (std::int64_t count : {1, 5, 40, 200})
        for (std::int64_t at = 0; at < count; at += 3)
          for (const auto* name : {"max", "min"}) {
            List values;
            for (std::int64_t i = 0; i < count; ++i)
              values.push_back(i == at ? NAN : static_cast<double>(i % 11) - 5);
            const auto x = Array(values).cast(element);
            Array row({1}, element), column({1}, element);
            const auto loop = cpu::loops(variant).reduction(name, element);
            loop({{1, count}, {1}}, x.raw(), row.raw(), 0, 1);
            loop({{count, 1}, {0}}, x.raw(), column.raw(), 0, 1);
            INFO(count << " " << at);
            CHECK(std::isnan(row.at(0)));
            CHECK(std::isnan(column.at(0)));
          }
}

TEST_CASE("long sums keep their last bits") {
  std::mt19937_64 random(8);
  // All positive, so that the sum is large beside each; and of both signs.
  for (double low : {0.0, -1.0})
    for (auto element : {ElementType::float32, ElementType::float64}) {
      constexpr std::int64_t rows = 6400, columns = 100;
      const auto x = random_array({element, {rows, columns}}, random, low, 1);
      const double epsilon = element == ElementType::float32 ? 0x1p-23 : 0x1p-52;
      for (auto variant : cpu::usable_variants()) {
        const auto loop = cpu::loops(variant).reduction("sum", element);
        const auto sum = operation_of("sum");
        const auto by_column = reduced(loop, sum, x, {0}, 1), by_row = reduced(loop, sum, x, {1}, 1),
                   all = reduced(loop, sum, x, {0, 1}, 1);
        long double total = 0, magnitude = 0;
        for (std::int64_t column = 0; column < columns; ++column) {
          long double exact = 0, size = 0;
          for (std::int64_t row = 0; row < rows; ++row) {
            exact += x.at(row * columns + column);
            size += std::abs(x.at(row * columns + column));
          }
          CHECK(std::abs(by_column.at(column) - exact) <= 4 * epsilon * (std::abs(exact) + size / 64));
          total += exact;
          magnitude += size;
        }
        CHECK(std::abs(all.at(0) - total) <= 4 * epsilon * (std::abs(total) + magnitude / 64));
        long double of_rows = 0;
        for (std::int64_t row = 0; row < rows; ++row) of_rows += by_row.at(row);
        CHECK(std::abs(of_rows - total) <= 4 * epsilon * (std::abs(total) + magnitude / 64));
      }
    }
}
