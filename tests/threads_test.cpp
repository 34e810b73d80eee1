// Two threads, each with its own model; several threads predicting with one.

#include <reel/reel.h>

#include <thread>

#include "catch.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

/// Trains a small network and returns its losses.
std::vector<double> train(std::uint64_t seed) {
  Model model(Seed{seed});
  const LSTM cell(model / "cell", 3, 8);
  const Linear head(model / "head", 8, 1);
  TrainingStep step(model, clip_by_global_norm(1, Adam(1e-2)), [&](Tensor x, Tensor target) {
    return mean_squared_error(head(unroll(cell, x, cell.initial_state(4)).state.h), target);
  });
  std::mt19937_64 random(seed);
  const auto x = random_array({ElementType::float32, {6, 4, 3}}, random);
  const auto target = random_array({ElementType::float32, {4, 1}}, random);
  std::vector<double> losses;
  for (int i = 0; i < 40; ++i) losses.push_back(step(x, target).item());
  return losses;
}

}  // namespace

TEST_CASE("two threads with two models do not meet, and the same program twice gives the same bits",
          "[threads]") {
  const auto one = train(1), two = train(2);
  CHECK(one.back() < one.front());
  CHECK(one != two);
  std::vector<double> again_one, again_two;
  std::thread first([&] { again_one = train(1); }), second([&] { again_two = train(2); });
  first.join();
  second.join();
  CHECK(again_one == one);
  CHECK(again_two == two);
}

TEST_CASE("several threads predict with one model, each through its own Function", "[threads]") {
  Model model(Seed{1});
  const RNN cell(model / "cell", 3, 8);
  std::mt19937_64 random(3);
  const auto x = random_array({ElementType::float32, {20, 2, 3}}, random);
  const auto predict = [&] {
    Function f(model, [&](Tensor in) { return unroll(cell, in, cell.initial_state(2)).state; });
    Array y = f(x);
    for (int i = 0; i < 50; ++i) y = f(x);
    return y;
  };
  const auto expected = predict();
  std::vector<Array> results(4);
  std::vector<std::thread> threads;
  for (auto& result : results) threads.emplace_back([&] { result = predict(); });
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) CHECK(result == expected);
}

TEST_CASE("one program run twice at once is an exception", "[threads]") {
  // A kernel that, while its program runs, runs it again.
  Program* running = nullptr;
  std::string message;
  const Operation again{"again",
                        Kind::map,
                        [](const std::vector<TensorType>& x, const Attributes&) { return x[0]; },
                        Derivative::none(),
                        {[&](const KernelCall&) {
                          std::thread other([&] {
                            try {
                              running->run({Array(1.0f)});
                            } catch (const Error& error) {
                              message = error.what();
                            }
                          });
                          other.join();
                        }},
                        {}};
  Tape tape;
  auto program = compile(tape, {record(again, {tape.argument({ElementType::float32, {}})})});
  running = &program;
  program.run({Array(1.0f)});
  CHECK_THAT(message, ContainsSubstring("already running"));
  message.clear();
  program.run({Array(1.0f)});
  CHECK(!message.empty());
}
