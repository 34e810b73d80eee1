// How far the functions of every instruction set that this machine has are from the exact value.

#include <cpu/loops.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>

#include "catch.h"

using namespace reel;

namespace {

// A wider type: exact enough to hold `T` against. The C library's functions for it are right to 1 unit.
template <class T>
using Wide = std::conditional_t<std::is_same_v<T, float>, double, long double>;

struct Compared {
  const char* name;
  double (*of_double)(double);
  long double (*of_long_double)(long double);
  double exact(float x) const { return of_double(x); }
  long double exact(double x) const { return of_long_double(x); }
};

template <class W>
W sigmoid(W x) {
  const W e = std::exp(-std::abs(x));
  return (x < 0 ? e : 1) / (1 + e);
}
template <class W>
W softplus(W x) {
  return x != x ? x : std::max(x, W(0)) + std::log1p(std::exp(-std::abs(x)));
}

#define REEL_FUNCTION(name, f)                                                                       \
  {                                                                                                  \
    name, [](double x) -> double { return f(x); }, [](long double x) -> long double { return f(x); } \
  }
const Compared functions[] = {REEL_FUNCTION("exp", std::exp),   REEL_FUNCTION("expm1", std::expm1),
                              REEL_FUNCTION("log", std::log),   REEL_FUNCTION("log1p", std::log1p),
                              REEL_FUNCTION("tanh", std::tanh), REEL_FUNCTION("sigmoid", sigmoid),
                              REEL_FUNCTION("erf", std::erf),   REEL_FUNCTION("sin", std::sin),
                              REEL_FUNCTION("cos", std::cos),   REEL_FUNCTION("softplus", softplus),
                              REEL_FUNCTION("sqrt", std::sqrt), REEL_FUNCTION("floor", std::floor),
                              REEL_FUNCTION("ceil", std::ceil), REEL_FUNCTION("round", std::nearbyint)};

/// Units in the last place of the exact value, rounded.
template <class T>
double error(T found, Wide<T> exact) {
  const T rounded = static_cast<T>(exact);
  if (found != found || rounded != rounded) return (found != found) == (rounded != rounded) ? 0 : INFINITY;
  if (std::signbit(found) != std::signbit(rounded)) return INFINITY;
  if (found == rounded) return 0;
  if (std::isinf(found))
    return rounded == std::copysign(std::numeric_limits<T>::max(), rounded) ? 1 : INFINITY;
  if (std::isinf(rounded)) return std::abs(found) == std::numeric_limits<T>::max() ? 1 : INFINITY;
  const T magnitude = std::abs(rounded);
  const T unit = std::max(magnitude - std::nextafter(magnitude, T(0)), std::numeric_limits<T>::denorm_min());
  return static_cast<double>(std::abs(static_cast<Wide<T>>(found) - static_cast<Wide<T>>(rounded)) / unit);
}

/// Largest error of a unary map at the numbers, over all instruction sets.
template <class T>
void check(const Compared& function, const std::vector<T>& numbers) {
  std::vector<Wide<T>> exact;
  for (auto x : numbers) exact.push_back(function.exact(x));
  std::vector<T> found(numbers.size());
  for (auto variant : cpu::usable_variants()) {
    const auto loop = cpu::loops(variant).map(function.name, element_type_of<T>);
    const void* inputs[] = {numbers.data()};
    loop(inputs, found.data(), static_cast<std::int64_t>(found.size()));
    double worst = 0;
    T at = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const auto e = error(found[i], exact[i]);
      if (e > worst) {
        worst = e;
        at = numbers[i];
      }
    }
    INFO(function.name << " of " << name_of(element_type_of<T>) << " " << at << " in "
                       << cpu::to_string(variant));
    CHECK(worst <= 4);
  }
}

template <class T, class Bits>
T number(Bits bits) {
  T x;
  std::memcpy(&x, &bits, sizeof(T));
  return x;
}

/// Special numbers, those at which functions change, and their neighbours.
template <class T>
std::vector<T> corners() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> numbers{Limits::quiet_NaN(), Limits::infinity()};
  const double centres[] = {
      0,     1e-300,     0.17328680,  0.51986039, 1e-30,      1e-10, 1e-5,    0.25,
      0.5,   0.70710678, 1,           1.4142135,  1.5,        2,     2.5,     4,
      10,    17,         19,          20,         36.7,       37,    40,      87.33,
      88.72, 88.73,      103.9,       104,        708.3,      709.7, 709.8,   744.4,
      745.2, 746,        0.927734375, 1.5707963,  3.14159265, 1.6e6, 8388608, 4503599627370496.0,
      1e15,  1e22,       1e300};
  for (double centre : centres) {
    T above = static_cast<T>(centre), below = above;
    for (int i = 0; i < 40; ++i) {
      numbers.push_back(above);
      numbers.push_back(below);
      above = std::nextafter(above, Limits::infinity());
      below = std::nextafter(below, -Limits::infinity());
    }
  }
  for (T x = Limits::denorm_min(); x < Limits::infinity(); x *= T(1.9375)) numbers.push_back(x);
  numbers.push_back(Limits::max());
  numbers.push_back(Limits::min());
  for (auto i = numbers.size(); i-- > 0;) numbers.push_back(-numbers[i]);
  return numbers;
}

}  // namespace

TEST_CASE("functions are right at the special numbers and around them") {
  for (const auto& function : functions) {
    check(function, corners<float>());
    check(function, corners<double>());
  }
}

namespace {

template <class T>
void check_sigmoid_by_exp() {
  for (auto variant : cpu::usable_variants()) {
    const auto& loops = cpu::loops(variant);
    const auto numbers = corners<T>();
    auto sizes = numbers, powers = numbers, found = numbers;
    for (auto& x : sizes) x = -std::abs(x);
    const auto run = [&](const char* name, const std::vector<T>& from, std::vector<T>& to) {
      const void* inputs[] = {from.data()};
      loops.map(name, element_type_of<T>)(inputs, to.data(), static_cast<std::int64_t>(to.size()));
    };
    run("exp", sizes, powers);
    run("sigmoid", numbers, found);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const T expected = (numbers[i] < 0 ? powers[i] : T(1)) / (T(1) + powers[i]);
      INFO(numbers[i] << " in " << cpu::to_string(variant));
      CHECK((found[i] == expected || (found[i] != found[i] && expected != expected)));
    }
  }
}

}  // namespace

TEST_CASE("exp of what is at most 0 takes less and gives the same bits") {
  check_sigmoid_by_exp<float>();
  check_sigmoid_by_exp<double>();
}

// With REEL_EXHAUSTIVE=all in the environment, all of them: half an hour; or those of one function, by its
// name.
TEST_CASE("functions of float32 are at most 4 units in the last place off") {
  // Else every so manieth number, of all exponents and both signs.
  const std::string chosen = std::getenv("REEL_EXHAUSTIVE") ? std::getenv("REEL_EXHAUSTIVE") : "";
  const std::uint64_t step = chosen.empty() ? 40009 : 1;
  const auto is_chosen = [&](const Compared& function) {
    return chosen.empty() || chosen == "all" || chosen == function.name;
  };
  REQUIRE(std::any_of(std::begin(functions), std::end(functions), is_chosen));
  constexpr std::uint64_t end = std::uint64_t{1} << 32;
  for (std::uint64_t bits = 0; bits < end;) {
    std::vector<float> numbers;
    for (; bits < end && numbers.size() < 1 << 20; bits += step)
      numbers.push_back(number<float>(static_cast<std::uint32_t>(bits)));
    for (const auto& function : functions)
      if (is_chosen(function)) check(function, numbers);
  }
}

TEST_CASE("functions of float64 are at most 4 units in the last place off") {
  std::mt19937_64 random(2);
  std::vector<double> numbers;
  for (int i = 0; i < 20000; ++i) {
    numbers.push_back(number<double>(random()));
    // Where most functions are neither 0 nor 1, and where exp is finite.
    const double unit = static_cast<double>(static_cast<std::int64_t>(random())) * 0x1p-63;
    numbers.push_back(2 * unit);
    numbers.push_back(40 * unit);
    numbers.push_back(760 * unit);
    numbers.push_back(std::ldexp(unit, static_cast<int>(random() % 64) - 40));
  }
  for (const auto& function : functions) check(function, numbers);
}

TEST_CASE("pow is at most 4 units in the last place off") {
  const auto check_pow = [](auto zero) {
    using T = decltype(zero);
    std::mt19937_64 random(4);
    std::vector<T> bases, exponents;
    for (int i = 0; i < 20000; ++i) {
      const double unit = static_cast<double>(random() >> 11) * 0x1p-53, wide = 200 * unit - 100;
      bases.push_back(
          static_cast<T>(std::ldexp(1 + static_cast<double>(random() % 4096) / 4096, random() % 9 - 4)));
      exponents.push_back(static_cast<T>(i % 3 ? wide : std::round(wide)));
    }
    const T special[] = {0,      T(-0.0), 1,        -1,        2,   -2,      3,
                         T(0.5), T(-0.5), INFINITY, -INFINITY, NAN, T(1e30), T(1e-40)};
    for (auto a : special)
      for (auto b : special) {
        bases.push_back(a);
        exponents.push_back(b);
      }
    std::vector<T> found(bases.size());
    for (auto variant : cpu::usable_variants()) {
      const void* inputs[] = {bases.data(), exponents.data()};
      cpu::loops(variant).map("pow", element_type_of<T>)(inputs, found.data(),
                                                         static_cast<std::int64_t>(found.size()));
      double worst = 0;
      for (std::size_t i = 0; i < found.size(); ++i)
        worst = std::max(worst, error(found[i], std::pow(Wide<T>(bases[i]), Wide<T>(exponents[i]))));
      CHECK(worst <= 4);
    }
  };
  check_pow(float{});
  check_pow(double{});
}
