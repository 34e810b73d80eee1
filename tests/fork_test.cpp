// What a process made by fork() does with a device whose threads stayed behind.

#include <reel/reel.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>

#include "child.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

bool same_bits(const Array& a, const Array& b) {
  return a.type() == b.type() && std::memcmp(a.raw(), b.raw(), a.type().bytes()) == 0;
}

/// A model on a device of its own and a Function large enough to be divided.
struct Predictor {
  explicit Predictor(int threads, std::uint64_t seed = 1)
      : model(Seed{seed}, Device::cpu(threads)),
        cell(model / "cell", 32, 64),
        predict(model, std::function<Tensor(Tensor)>(
                           [this](Tensor x) { return unroll(cell, x, cell.initial_state(16)).outputs; })) {
    std::mt19937_64 random(seed);
    input = random_array({ElementType::float32, {20, 16, 32}}, random);
  }
  Array operator()() { return predict(input); }

  Model model;
  LSTM cell;
  Function<std::function<Tensor(Tensor)>> predict;
  Array input;
};

}  // namespace

TEST_CASE("a child runs its parent's programs, with the same bits, and so does the child's child", "[fork]") {
  if (!forks_with_threads) return;
  Predictor predictor(3);
  Array expected = predictor();
  for (int i = 0; i < 5; ++i) predictor();
  const auto agrees = [&] { return same_bits(predictor(), expected) && same_bits(predictor(), expected); };
  CHECK(in_child(agrees) == "done");
  CHECK(in_child([&] { return in_child(agrees) == "done" && agrees() && in_child(agrees) == "done"; }) ==
        "done");
  CHECK(in_child([&] {
          bool same = false;
          std::thread([&] { same = agrees(); }).join();
          return same && agrees();
        }) == "done");
  CHECK(agrees());
}

TEST_CASE("a fork before the first run starts no threads twice", "[fork]") {
  if (!forks_with_threads) return;
  Predictor predictor(2);
  Array expected = Predictor(1)();
  const auto agrees = [&] { return same_bits(predictor(), expected); };
  CHECK(in_child(agrees) == "done");
  CHECK(agrees());
  CHECK(in_child(agrees) == "done");
}

TEST_CASE("several devices of one process are each used on in a child", "[fork]") {
  if (!forks_with_threads) return;
  Predictor one(2, 1), two(3, 2), alone(1, 3), unused(2, 4);
  const Array expected[] = {one(), two(), alone()};
  const auto agrees = [&] {
    return same_bits(two(), expected[1]) && same_bits(one(), expected[0]) && same_bits(alone(), expected[2]);
  };
  CHECK(in_child([&] { return agrees() && unused().size() > 0; }) == "done");
  CHECK(agrees());
}

TEST_CASE("what a child does not want it can destroy, used or not", "[fork]") {
  if (!forks_with_threads) return;
  auto predictor = std::make_unique<Predictor>(2);
  const auto expected = (*predictor)();
  CHECK(in_child([&] {
          predictor.reset();
          return true;
        }) == "done");
  CHECK(in_child([&] {
          const bool agrees = same_bits((*predictor)(), expected);
          predictor.reset();
          return agrees && same_bits(Predictor(2)(), expected);
        }) == "done");
  CHECK(same_bits((*predictor)(), expected));
}

TEST_CASE("a fork beside a run leaves the other programs usable, and of that one says what it is", "[fork]") {
  if (!forks_with_threads) return;
  Predictor predictor(2);
  Function other(predictor.model, [&](Tensor x) {
    return unroll(predictor.cell, x, predictor.cell.initial_state(16)).outputs;
  });
  const auto expected = predictor();
  REQUIRE(same_bits(other(predictor.input), expected));
  std::atomic<bool> ends{false};
  std::thread runs([&] {
    while (!ends) predictor();
  });
  std::vector<std::string> ends_of_children;
  for (int i = 0; i < 20; ++i)
    ends_of_children.push_back(in_child([&] {
      if (!same_bits(other(predictor.input), expected)) return false;
      try {
        return same_bits(predictor(), expected);
      } catch (const Error& error) {
        return std::string(error.what()).find("forked in the midst of a run") != std::string::npos;
      }
    }));
  ends = true;
  runs.join();
  CHECK(ends_of_children == std::vector<std::string>(20, "done"));
  CHECK(same_bits(predictor(), expected));
}
