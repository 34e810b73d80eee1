// Sizes: a tape of a million nodes, unrolls of many steps. How time and memory grow is measured, so in
// release only.

#include <reel/reel.h>

#include <memory>

#include "catch.h"
#include "live_bytes.h"
#include "processor_time.h"

using namespace reel;
using namespace reel::test;

namespace {

/// Records tanh(tanh(...)) of so many links, differentiates, compiles and runs it. Returns value and slope at
/// 0.5.
std::vector<Array> chain(int links) {
  auto tape = std::make_unique<Tape>(ElementType::float64);
  const auto x = tape->argument({ElementType::float64, {}});
  Tensor y = x;
  for (int i = 0; i < links; ++i) y = tanh(y);
  auto program = compile(*tape, {y, gradients(y, {x})[0]});
  tape.reset();
  return program.run({Array(0.5)});
}

}  // namespace

TEST_CASE("the memory of a chain of a million nodes, its gradient included, grows with its links", "[slow]") {
  for (int links : {1000, 100000, 1000000}) {
    std::vector<Array> result;
    const auto bytes = most_live_bytes([&] { result = chain(links); }) / links;
    INFO(links << " links, " << bytes << " bytes each");
    CHECK(bytes <= 3200);
    // tanh iterated n times tends to sqrt(3 / (2 n)).
    CHECK(result[0].item() == Approx(std::sqrt(1.5 / links)).epsilon(links == 1000 ? 1e-2 : 1e-3));
    CHECK(result[1].item() > 0);
  }
}

TEST_CASE("a chain of a million nodes takes the time of ten chains of a hundred thousand", "[slow]") {
  const auto five = [] {
    for (int i = 0; i < 5; ++i) chain(100000);
  };
  CHECK(growth([] { chain(1000000); }, five, 1.6, seconds_of_program) <= 1.6);
}

TEST_CASE("a cell that captures four times as many values compiles in about four times the time", "[slow]") {
  const auto compile_capturing = [](int count) {
    Tape tape;
    const Recording recording(tape);
    Tensors captured;
    for (int i = 0; i < count; ++i) captured.push_back(tape.argument({ElementType::float32, {2}}));
    const auto cell = [&](const Tensor& x, Tensor h) {
      for (const auto& each : captured) h = h * each;
      return tanh(h + x);
    };
    const auto x = tape.argument({ElementType::float32, {5, 2}});
    compile(tape, gradients(sum(unroll(cell, x, zeros({2})).outputs), captured), Device::cpu(1));
  };
  const auto two = [&] {
    for (int i = 0; i < 2; ++i) compile_capturing(400);
  };
  // Were each looked for among all, it would be ten.
  CHECK(growth([&] { compile_capturing(1600); }, two, 3) <= 3);
}

TEST_CASE("a sum of what was scaled a hundred thousand times", "[slow]") {
  Tape tape(ElementType::float64);
  Tensor y = tape.argument({ElementType::float64, {2}});
  for (int i = 0; i < 100000; ++i) y = 0.99999 * y;
  const auto result = compile(tape, {sum(y)}).run({Array(std::vector<double>{1, 2})});
  CHECK(result[0].item() == Approx(3 * std::pow(0.99999, 100000)));
}

TEST_CASE("unrolling 100,000 steps is recorded, differentiated and compiled in the time of 10", "[slow]") {
  Model model(Seed{1});
  const LSTM cell(model / "cell", 4, 8);
  const auto prepare = [&](std::int64_t steps) {
    Tape tape;
    Recording recording(tape);
    const auto x = tape.argument({ElementType::float32, {steps, 1, 4}});
    const auto y = sum(unroll(cell, x, cell.initial_state(1)).outputs);
    Tensors outputs{y};
    for (const auto& parameter : model.parameters()) outputs.push_back(gradients(y, {parameter})[0]);
    compile(tape, outputs);
  };
  const auto prepare_many = [&](int times, std::int64_t steps) {
    return [=] {
      for (int i = 0; i < times; ++i) prepare(steps);
    };
  };
  // The two record the same nodes, so that they differ by noise alone.
  CHECK(growth(prepare_many(20, 100000), prepare_many(10, 10), 1.5) <= 1.5);
}

TEST_CASE("a program runs in the memory it has planned", "[slow]") {
  // A chain without a gradient needs two values at a time, not a thousand.
  Tape tape;
  Tensor y = tape.argument({ElementType::float32, {1000}});
  for (int i = 0; i < 1000; ++i) y = tanh(y);
  CHECK(compile(tape, {y}).arena_bytes() <= 2 * 4096);
}
