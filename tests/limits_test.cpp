// Sizes: a tape of a million nodes, unrolls of many steps. Time and memory are measured, so in release only.

#include <reel/reel.h>

#include <ctime>
#include <fstream>
#include <memory>
#include <sstream>

#include "catch.h"

using namespace reel;

namespace {

/// Seconds of the processor, which other programs on the machine do not change.
double seconds(const std::function<void()>& f) {
  const auto start = std::clock();
  f();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

/// Largest memory this process has held, in GB.
double peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmHWM:", 0) == 0) return std::stod(line.substr(6)) / 1e6;
  return 0;
}

}  // namespace

TEST_CASE("a chain of a million nodes", "[slow]") {
  constexpr int length = 1000000;
  const double before = peak_memory();
  double value = 0, slope = 0;
  const double time = seconds([&] {
    auto tape = std::make_unique<Tape>(ElementType::float64);
    const auto x = tape->argument({ElementType::float64, {}});
    Tensor y = x;
    for (int i = 0; i < length; ++i) y = tanh(y);
    auto program = std::make_unique<Program>(compile(*tape, {y, gradients(y, {x})[0]}));
    tape.reset();
    const auto result = program->run({Array(0.5)});
    value = result[0].item();
    slope = result[1].item();
    program.reset();
  });
  // tanh iterated n times tends to sqrt(3 / (2 n)).
  CHECK(value == Approx(std::sqrt(1.5 / length)).epsilon(1e-3));
  CHECK(slope > 0);
  WARN("a million nodes: " << time << " s, " << peak_memory() - before << " GB");
  CHECK(time <= 10);
  CHECK(peak_memory() <= 4);
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
    return [&, steps] {
      Tape tape;
      Recording recording(tape);
      const auto x = tape.argument({ElementType::float32, {steps, 1, 4}});
      const auto y = sum(unroll(cell, x, cell.initial_state(1)).outputs);
      Tensors outputs{y};
      for (const auto& parameter : model.parameters()) outputs.push_back(gradients(y, {parameter})[0]);
      compile(tape, outputs);
    };
  };
  std::vector<double> few, many;
  for (int i = 0; i < 15; ++i) {
    few.push_back(seconds(prepare(10)));
    many.push_back(seconds(prepare(100000)));
  }
  std::sort(few.begin(), few.end());
  std::sort(many.begin(), many.end());
  WARN("10 steps: " << few[7] * 1e3 << " ms, 100,000 steps: " << many[7] * 1e3 << " ms");
  // Medians; the two record the same nodes, so they differ by noise alone.
  CHECK(many[7] <= 1.5 * few[7]);
}

TEST_CASE("a program runs in the memory it has planned", "[slow]") {
  // A chain without a gradient needs two values at a time, not a thousand.
  Tape tape;
  Tensor y = tape.argument({ElementType::float32, {1000}});
  for (int i = 0; i < 1000; ++i) y = tanh(y);
  CHECK(compile(tape, {y}).arena_bytes() <= 2 * 4096);
}
