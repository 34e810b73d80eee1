// Random values: the generator's published answers, which bits are drawn when, and their statistics.

#include <philox.h>
#include <reel/reel.h>

#include <algorithm>
#include <thread>

#include "catch.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

std::vector<double> values(const Array& array) {
  std::vector<double> result;
  for (std::int64_t i = 0; i < array.size(); ++i) result.push_back(array.at(i));
  return result;
}

/// One draw of `count` values by a model of its own.
template <class F>
std::vector<double> draw(std::uint64_t seed, F&& f) {
  Model model(Seed{seed}, Device::cpu(), ElementType::float64);
  Function function(model, [&] { return f(); });
  return values(function());
}

double mean_of(const std::vector<double>& x) {
  double total = 0;
  for (double v : x) total += v;
  return total / static_cast<double>(x.size());
}

}  // namespace

TEST_CASE("Philox gives its published answers") {
  // Known-answer vectors of Random123 (philox4x32, 10 rounds).
  using Words = std::vector<Bits32>;
  const auto drawn = [](const PhiloxWords& counter, const PhiloxKey& key) {
    const auto words = philox4x32(counter, key);
    return Words(std::begin(words.word), std::end(words.word));
  };
  constexpr Bits32 ones = 0xffffffff;
  CHECK(drawn({{0, 0, 0, 0}}, {{0, 0}}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(drawn({{ones, ones, ones, ones}}, {{ones, ones}}) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(drawn({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, {{0xa4093822, 0x299f31d0}}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("the same seed draws the same, another seed, place or run something else") {
  const auto pair = [] { return stack({uniform({4}), uniform({4})}); };
  const auto one = draw(1, pair);
  CHECK(one == draw(1, pair));
  CHECK(one != draw(2, pair));
  CHECK(std::vector<double>(one.begin(), one.begin() + 4) != std::vector<double>(one.begin() + 4, one.end()));

  Model model(Seed{1});
  Function f(model, [] { return uniform({4}); });
  const auto first = values(f()), second = values(f());
  CHECK(first != second);
  CHECK(values(model.run_counter()->read()) == std::vector<double>{2});
  // A run repeated draws the same again.
  *model.run_counter()->write().data<std::int64_t>() = 0;
  CHECK(values(f()) == first);
}

TEST_CASE("a program that draws nothing counts no run") {
  Model model(Seed{1});
  Function f(model, [](Tensor x) { return x + 1; });
  f(1.0);
  CHECK(values(model.run_counter()->read()) == std::vector<double>{0});
}

TEST_CASE("each step of an unroll draws anew, and Expanded draws the same") {
  const auto cell = [](const Tensor& s) {
    const auto inner = unroll([](const Tensor& q) { return q + uniform({3}); }, 2, zeros({3})).outputs;
    return std::pair(stack({uniform({3}), uniform({3}), index(inner, 0, 0), index(inner, 0, 1)}), s);
  };
  const auto twice = [&](auto... options) {
    const auto a = unroll(cell, 4, zeros({3}), options...).outputs,
               b = unroll(cell, 4, zeros({3}), options...).outputs;
    return concat({a, b}, 0);
  };
  const auto node = draw(1, [&] { return twice(); }), expanded = draw(1, [&] { return twice(Expanded); });
  CHECK(node == expanded);
  // All differ: steps, places in the step, the two unrolls. (Inner sums differ too, being sums of different
  // numbers.)
  auto sorted = node;
  std::sort(sorted.begin(), sorted.end());
  CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
}

TEST_CASE("the derivative sees the values the forward pass drew") {
  for (const bool recompute : {false, true}) {
    Model model(Seed{5}, Device::cpu(), ElementType::float64);
    const auto w = (model / "s").parameter("w", {3}, constant_init(2));
    Function f(model, [&] {
      Tensor noise;
      const auto cell = [&](const Tensor& s) {
        noise = uniform({3});
        return s + noise * w;
      };
      const auto result = recompute ? unroll(cell, 5, zeros({3}), Recompute) : unroll(cell, 5, zeros({3}));
      return std::pair(gradients(result.state, {w})[0], result.node.summed(noise));
    });
    const auto [dw, noise] = f();
    CHECK(difference(dw, noise) < 1e-15);
  }
}

TEST_CASE("float32 and float64 stay in their range, and rates are inputs of the run") {
  Model model(Seed{1});
  Function f(model, [](Tensor low, Tensor high) { return uniform({10000}, low, high); });
  const auto y = f(-3.0, 5.0);
  CHECK(y.element() == ElementType::float32);
  const auto v = values(y);
  CHECK(*std::min_element(v.begin(), v.end()) >= -3);
  CHECK(*std::max_element(v.begin(), v.end()) < 5);
  Function drop(model, [](Tensor x, Tensor rate) { return dropout(x, rate); });
  const Array ones_array(std::vector<float>(1000, 1));
  CHECK(values(drop(ones_array, 0.0)) == std::vector<double>(1000, 1));
  const auto half = values(drop(ones_array, 0.5));
  CHECK(std::count(half.begin(), half.end(), 2) + std::count(half.begin(), half.end(), 0) == 1000);
  CHECK(drop.program_count() == 1);
}

TEST_CASE("a tape goes on drawing from recording to recording") {
  Tape tape(ElementType::float64);
  const auto x = tape.argument({ElementType::float64, {4}});
  const auto noisy = [&] {
    return unroll([](const Tensor& xt, const Tensor& s) { return s + xt * uniform({}); }, x, zeros({})).state;
  };
  Tensors draws{noisy(), noisy()};
  for (int i = 0; i < 2; ++i) {
    Recording recording(tape);
    draws.push_back(uniform({}));
  }
  const auto y = compile(tape, draws).run({doubles({4}, {1, 1, 1, 1})});
  CHECK(y[0] != y[1]);
  CHECK(y[2] != y[3]);
}

TEST_CASE("threads that draw with one model draw different values, and count every run", "[threads]") {
  Model model(Seed{1});
  constexpr int threads = 4, runs = 50;
  std::vector<std::vector<double>> drawn(threads);
  std::vector<std::thread> workers;
  for (auto& mine : drawn)
    workers.emplace_back([&] {
      Function f(model, [] { return uniform({}); });
      for (int i = 0; i < runs; ++i) mine.push_back(f().item());
    });
  for (auto& worker : workers) worker.join();
  std::vector<double> all;
  for (const auto& mine : drawn) all.insert(all.end(), mine.begin(), mine.end());
  std::sort(all.begin(), all.end());
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
  CHECK(*model.run_counter()->read().data<std::int64_t>() == threads * runs);
}

TEST_CASE("random values need a recording") {
  CHECK_THROWS_WITH(uniform({2}), ContainsSubstring("[uniform]") && ContainsSubstring("recorded"));
}

// Statistics. The seeds are fixed, so a right generator always passes; the bounds are those that a right one
// with a random seed would break once in about 10,000 times each (|z| > 3.9; chi-square of 99 degrees above
// 161 or below 53).

TEST_CASE("uniform values are uniform") {
  for (const auto element : {ElementType::float32, ElementType::float64}) {
    constexpr int count = 100000, bins = 100;
    const auto x = draw(11, [&] { return uniform({count}, 0, 1, element); });
    CHECK(std::abs(mean_of(x) - 0.5) * std::sqrt(12.0 * count) < 3.9);
    std::vector<int> histogram(bins);
    for (double v : x) ++histogram[static_cast<int>(v * bins)];
    double chi_square = 0;
    for (int n : histogram) chi_square += (n - count / bins) * (n - count / bins) / double(count / bins);
    CHECK(chi_square < 161);
    CHECK(chi_square > 53);
    // Neighbours are not correlated.
    double correlation = 0;
    for (int i = 1; i < count; ++i) correlation += (x[i] - 0.5) * (x[i - 1] - 0.5);
    CHECK(std::abs(correlation * 12 / std::sqrt(double(count))) < 3.9);
  }
}

TEST_CASE("values of consecutive steps are not correlated") {
  constexpr int steps = 20000;
  const auto x = draw(12, [] {
    return unroll([](const Tensor& s) { return std::pair(uniform({}), s); }, steps, zeros({})).outputs;
  });
  double correlation = 0;
  for (int i = 1; i < steps; ++i) correlation += (x[i] - 0.5) * (x[i - 1] - 0.5);
  CHECK(std::abs(mean_of(x) - 0.5) * std::sqrt(12.0 * steps) < 3.9);
  CHECK(std::abs(correlation * 12 / std::sqrt(double(steps))) < 3.9);
}

TEST_CASE("normal values have the moments of the normal distribution") {
  constexpr int count = 100000;
  const auto x = draw(13, [] { return normal({count}, 2, 3); });
  double m1 = 0, m2 = 0, m4 = 0;
  for (double v : x) {
    const double z = (v - 2) / 3;
    m1 += z / count;
    m2 += z * z / count;
    m4 += z * z * z * z / count;
  }
  // Variances of z, z^2 and z^4: 1, 2 and 96.
  CHECK(std::abs(m1) * std::sqrt(count / 1.0) < 3.9);
  CHECK(std::abs(m2 - 1) * std::sqrt(count / 2.0) < 3.9);
  CHECK(std::abs(m4 - 3) * std::sqrt(count / 96.0) < 3.9);
}

TEST_CASE("bernoulli is true with its probability") {
  constexpr int count = 100000;
  for (const double p : {0.1, 0.5, 0.93}) {
    const auto x = draw(14, [&] { return cast(bernoulli({count}, p), ElementType::float64); });
    CHECK(std::abs(mean_of(x) - p) * std::sqrt(count / (p * (1 - p))) < 3.9);
  }
}
