// How long the passes of Reel's cells take beside passes written by hand with intrinsics, in one thread:
// those of an LSTM and of a layer-normalised one, sums of rows included. Reel's are what a profile of the
// whole program says of them, between the products; those by hand run by themselves, which is kind to them.
// "forward" gives h of all steps; "both ways" the gradients, too, those of parameters apart. First the passes
// by hand are compared with what Reel computes.
//
//   passes_benchmark [--isa avx2] [--only TEXT] [--pairs N]

#include <reel/reel.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>

#include "isa.h"
#include "layer.h"
#include "paired.h"
#include "passes/unrolled_by_hand.h"

using namespace reel;

namespace benchmarks {

namespace {

constexpr double most = 1.2, aim = 1;

Array filled(const Shape& shape, int seed) {
  Array x(shape, ElementType::float32);
  for (std::int64_t i = 0; i < x.size(); ++i)
    x.data<float>()[i] = static_cast<float>((i * 7919 + seed * 104729) % 2003) / 1001 - 1;
  return x;
}

/// Gates before their functions [B, 4H] -> h.
std::pair<Tensor, LSTMState> lstm_step(const Tensor& z, const LSTMState& s) {
  const auto gates = split(z, 4);
  const auto c = sigmoid(gates[1]) * s.c + sigmoid(gates[0]) * tanh(gates[2]);
  const auto h = sigmoid(gates[3]) * tanh(c);
  return {h, {h, c}};
}

/// The same with c normalised.
std::pair<Tensor, Tensor> layer_norm_step(const Tensor& z, const Tensor& c_before, const Tensor& scale,
                                          const Tensor& bias) {
  const auto gates = split(z, 4);
  const auto c = sigmoid(gates[1]) * c_before + sigmoid(gates[0]) * tanh(gates[2]);
  return {sigmoid(gates[3]) * tanh(layer_norm(c) * scale + bias), c};
}

/// A cell, by Reel and by hand.
struct Cell {
  std::string name, implementation;
  /// h of x, u, bias, scale_x, scale_u, scale_c and bias_c, without products.
  Tensor (*h)(const PassSize& size, const Tensors& in);
  std::unique_ptr<UnrolledByHand> (*by_hand)(const PassesByHand&, const PassSize&, const PassArguments&);
};

template <class Unrolled>
std::unique_ptr<UnrolledByHand> make(const PassesByHand& passes, const PassSize& size,
                                     const PassArguments& in) {
  return std::make_unique<Unrolled>(passes, size, in);
}

const Cell cells[] = {{"LSTM", "reel",
                       [](const PassSize& size, const Tensors& in) {
                         const auto start = zeros({size.batch, size.hidden});
                         return unroll(lstm_step, in[0] + in[1] + in[2], LSTMState{start, start}).outputs;
                       },
                       make<UnrolledLSTM>},
                      {"layer-normalised LSTM", "reel-layernorm",
                       [](const PassSize& size, const Tensors& in) {
                         const auto cell = [&](const Tensor& z, const Tensor& c) {
                           return layer_norm_step(z, c, in[5], in[6]);
                         };
                         const auto z = layer_norm(in[0]) * in[3] + layer_norm(in[1]) * in[4] + in[2];
                         return unroll(cell, z, zeros({size.batch, size.hidden})).outputs;
                       },
                       make<UnrolledLayerNorm>}};

/// The arguments of a cell, in the order of Cell::h, and the adjoint of h.
std::vector<Array> arguments_of(const PassSize& s) {
  const Shape large{s.steps, s.batch, 4 * s.hidden}, gates{4 * s.hidden}, state{s.hidden};
  return {filled(large, 1), filled(large, 2), filled(gates, 3), filled(gates, 4),
          filled(gates, 5), filled(state, 6), filled(state, 7), filled({s.steps, s.batch, s.hidden}, 8)};
}

PassArguments pointers_to(const std::vector<Array>& in) {
  const auto at = [&](std::size_t i) { return in[i].data<float>(); };
  return {at(0), at(1), at(2), at(7), at(3), at(4), at(5), at(6)};
}

/// Throws where an array by hand is not Reel's.
void compare(const std::string& what, const Array& by_reel, const std::vector<float>& by_hand) {
  const auto* own = by_reel.data<float>();
  float largest = 0, difference = 0;
  for (std::size_t i = 0; i < by_hand.size(); ++i) {
    largest = std::max(largest, std::fabs(own[i]));
    difference = std::max(difference, std::fabs(own[i] - by_hand[i]));
  }
  if (!(largest > 0 && difference <= 1e-4f * largest))
    throw std::runtime_error(what + " by hand is not Reel's: " + std::to_string(difference) + " of " +
                             std::to_string(largest) + " apart");
}

void compare_with_reel(const Cell& cell, const PassSize& size, const std::vector<Array>& arguments,
                       UnrolledByHand& by_hand) {
  Tape tape;
  const Recording recording(tape);
  Tensors in;
  for (const auto& argument : arguments) in.push_back(tape.argument(argument.type()));
  Tensors results{cell.h(size, in)};
  for (const auto& g : gradients(results[0], {in[0], in[1]}, in.back())) results.push_back(g);
  const auto values = compile(tape, results, Device::cpu(1)).run(arguments);
  by_hand.forward(true, true);
  by_hand.reverse();
  compare(cell.name + "'s h", values[0], by_hand.h);
  compare(cell.name + "'s gradient of x", values[1], by_hand.dx);
  // In an LSTM u is added to x.
  if (cell.by_hand == make<UnrolledLayerNorm>) compare(cell.name + "'s gradient of u", values[2], by_hand.du);
}

/// Microseconds that the passes of a program take, in the mean of a few runs.
double passes_of(Program& program, const std::vector<Array>& arguments) {
  double sum = 0;
  for (const auto& line : program.profile(arguments, 3).lines) {
    const auto is = [&](const char* other) { return line.what.rfind(other, 0) == 0; };
    // Sums of columns are those of parameters' gradients.
    if (!is("matmul") && !is("prepare") && !is("copy") && !is("sum") && !is("add to sums"))
      sum += line.microseconds;
  }
  return sum;
}

double seconds(const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void measure(const Cell& cell, const PassSize& size, const PassesByHand& passes, bool both_ways, int pairs) {
  const auto in = arguments_of(size);
  const auto by_hand = cell.by_hand(passes, size, pointers_to(in));
  compare_with_reel(cell, size, in, *by_hand);

  Workload workload = workloads().front();
  workload.batch = size.batch;
  workload.input = workload.hidden = size.hidden;
  workload.time = size.steps;
  Model model(Seed{1}, Device::cpu(1));
  const auto layer = make_layer(model, cell.implementation, workload);
  auto program =
      both_ways ? compile_training(model, layer, workload) : compile_forward(model, layer, workload);
  const auto inputs = draw_inputs(workload);
  std::vector<Array> arguments{inputs.x};
  if (both_ways) arguments.push_back(inputs.dy);

  const auto run_by_hand = [&] {
    by_hand->forward(both_ways, false);
    if (both_ways) by_hand->reverse();
  };
  const auto us_by_hand = [&] {
    run_by_hand();
    return 1e6 * seconds([&] { run_by_hand(), run_by_hand(), run_by_hand(); }) / 3;
  };
  const auto times = times_in_turn(
      pairs, [&] { return passes_of(program, arguments); }, us_by_hand);
  const auto steps = static_cast<double>(size.steps);
  std::printf("%6.3f [%.3f, %.3f] at most %g, aim %g  %8.2f us / %.2f us a step  %s %lld,%lld,%lld, %s\n",
              times.ratio.median, times.ratio.low, times.ratio.high, most, aim, times.least_first / steps,
              times.least_second / steps, cell.name.c_str(), static_cast<long long>(size.batch),
              static_cast<long long>(size.hidden), static_cast<long long>(size.steps),
              both_ways ? "both ways" : "forward");
  std::fflush(stdout);
}

void measure_all(const PassesByHand& passes, const std::string& only, int pairs) {
  const PassSize sizes[] = {{16, 64, 100}, {32, 128, 50}, {64, 256, 50}};
  for (const auto& cell : cells)
    for (const auto& size : sizes)
      for (const bool both_ways : {false, true})
        if (cell.name.rfind(only, 0) == 0) measure(cell, size, passes, both_ways, pairs);
}

}  // namespace

}  // namespace benchmarks

int main(int argc, char** argv) try {
  CLI::App app("Times of fused passes over those written by hand.");
  std::string only, isa;
  int pairs = 15;
  app.add_option("--isa", isa, "holds this processor to avx2 or avx512")
      ->check(CLI::IsMember({"avx2", "avx512"}));
  app.add_option("--only", only, "the cell whose name begins so: LSTM or layer-normalised LSTM");
  app.add_option("--pairs", pairs, "how often both of a row are measured")->check(CLI::Range(6, 1000));
  CLI11_PARSE(app, argc, argv);
  if (!isa.empty()) benchmarks::hold_to_isa(isa, argv);
  if (!benchmarks::may_use_avx2()) {
    std::printf("There are no passes by hand for this processor.\n");
    return 0;
  }
  benchmarks::measure_all(benchmarks::may_use_avx512() ? benchmarks::passes_avx512 : benchmarks::passes_avx2,
                          only, pairs);
} catch (const std::exception& error) {
  std::fprintf(stderr, "passes_benchmark: %s\n", error.what());
  return 1;
}
