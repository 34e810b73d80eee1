// A trained network in live operation: numbers come in on standard input, one a line, and after each the
// network tells what it expects next. What comes unexpectedly stands out.
//
//   stream train signal.txt model.xml         trains on a file of numbers, one a line
//   stream run model.xml < signal.txt         value, what was expected of it, and by how much it differs
//
// Made for trying: awk 'BEGIN { for (i = 0; i < 4000; i++) print sin(i / 5) * (1 + sin(i / 41)) }' >
// signal.txt

#include <reel/reel.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <numeric>

using namespace reel;

namespace {

struct Options {
  std::string signal, model;
  std::int64_t hidden = 32;
  int steps = 600;
};

/// Expects the next value of a signal. What it reads and tells is in units of the signal's deviation from its
/// mean, which are saved with the weights.
struct Expectation {
  LSTM cell;
  Linear head;
  Parameter mean, deviation;

  Expectation(Model& model, std::int64_t hidden)
      : cell(model / "cell", 1, hidden),
        head(model / "head", hidden, 1),
        mean((model / "signal").parameter("mean", {}, constant_init(0))),
        deviation((model / "signal").parameter("deviation", {}, constant_init(1))) {}

  LSTMState initial_state(std::int64_t batch) const { return cell.initial_state(batch); }

  /// The value that is expected behind x [batch, 1].
  std::pair<Tensor, LSTMState> operator()(const Tensor& x, const LSTMState& state) const {
    const auto [h, next] = cell((x - mean) / deviation, state);
    return {head(h) * deviation + mean, next};
  }
};

/// Reads numbers, one a line; `use` gets each as it comes.
template <class Use>
void for_each_number(std::istream& in, const std::string& name, const Use& use) {
  std::string line;
  for (std::int64_t number = 1; std::getline(in, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    float value = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
    if (error != std::errc() || end != line.data() + line.size() || !std::isfinite(value))
      throw Error(name + ", line " + std::to_string(number) + ": '" + line + "' is no number");
    use(value);
  }
}

std::vector<float> read_signal(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Error("cannot read '" + path + "'");
  std::vector<float> signal;
  for_each_number(file, path, [&](float value) { signal.push_back(value); });
  return signal;
}

/// Pieces of the signal from random places, [time, batch, 1], and the values behind each.
std::pair<Array, Array> draw_pieces(const std::vector<float>& signal, Random& random) {
  constexpr std::int64_t time = 64, batch = 16;
  Array x({time, batch, 1}, ElementType::float32), next = x;
  std::uniform_int_distribution<std::size_t> begin(0, signal.size() - static_cast<std::size_t>(time) - 1);
  for (std::int64_t b = 0; b < batch; ++b) {
    const auto first = begin(random);
    for (std::int64_t t = 0; t < time; ++t) {
      x.data<float>()[t * batch + b] = signal[first + static_cast<std::size_t>(t)];
      next.data<float>()[t * batch + b] = signal[first + static_cast<std::size_t>(t) + 1];
    }
  }
  return {x, next};
}

void set_scale(const Expectation& expectation, const std::vector<float>& signal) {
  const auto count = static_cast<double>(signal.size());
  const double mean = std::accumulate(signal.begin(), signal.end(), 0.0) / count;
  double squares = 0;
  for (const float value : signal) squares += (value - mean) * (value - mean);
  expectation.mean.assign(Array(static_cast<float>(mean)));
  expectation.deviation.assign(Array(static_cast<float>(squares > 0 ? std::sqrt(squares / count) : 1)));
}

void train(const Options& options) {
  check_writable(options.model);
  const auto signal = read_signal(options.signal);
  if (signal.size() < 100) throw Error("'" + options.signal + "' holds fewer than 100 numbers");
  Model model(Seed{1});
  const Expectation expectation(model, options.hidden);
  set_scale(expectation, signal);
  TrainingStep step(
      model,
      by_name({{"signal/*", Frozen()},
               {"*", scheduled(cosine_decay(1e-2, options.steps), clip_by_global_norm(1, Adam()))}}),
      [&](Tensor x, Tensor next) {
        const auto state = expectation.initial_state(x.extent(1));
        const auto expected = unroll(expectation, x, state).outputs;
        return mean_squared_error(expected / expectation.deviation, next / expectation.deviation);
      });
  Random random(1);
  Progress progress("error");
  for (int i = 0; i < options.steps; ++i) {
    const auto [x, next] = draw_pieces(signal, random);
    progress.step(std::sqrt(step(x, next).item()), x.shape()[1]);
  }
  progress.finish();
  save(model, options.model);
  std::printf("Saved the model to %s.\n", options.model.c_str());
}

void run(const Options& options) {
  Model model(Seed{1});
  const Expectation expectation(model, options.hidden);
  load(model, options.model);
  Stream stream(model, expectation, expectation.initial_state(1));
  Array x({1, 1}, ElementType::float32);
  float expected = std::nanf("");
  std::vector<double> microseconds;
  for_each_number(std::cin, "standard input", [&](float value) {
    std::printf("%g\t%g\t%g\n", static_cast<double>(value), static_cast<double>(expected),
                static_cast<double>(value - expected));
    *x.data<float>() = value;
    const auto start = std::chrono::steady_clock::now();
    expected = *stream.step(x).template data<float>();
    const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - start;
    microseconds.push_back(taken.count());
    std::fflush(stdout);
  });
  if (microseconds.empty()) throw Error("standard input held no number");
  std::sort(microseconds.begin(), microseconds.end());
  std::fprintf(stderr, "%zu steps; %.2f microseconds each in the middle, %.2f in the slowest of a hundred.\n",
               microseconds.size(), microseconds[microseconds.size() / 2],
               microseconds[microseconds.size() * 99 / 100]);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A network that tells the next value of a signal as it comes in.");
  Options options;
  app.option_defaults()->always_capture_default();
  app.require_subcommand(1);
  app.add_option("--hidden", options.hidden, "Units of the LSTM; as it was trained")
      ->check(CLI::Range(1, 4096));
  auto* training = app.add_subcommand("train", "Trains on a file of numbers");
  training->add_option("SIGNAL", options.signal, "Numbers, one a line")->required();
  training->add_option("MODEL", options.model, "File for the weights (XML)")->required();
  training->add_option("--steps", options.steps, "Training steps")->check(CLI::Range(1, 10000000));
  auto* running = app.add_subcommand("run", "Reads numbers from standard input");
  running->add_option("MODEL", options.model, "Weights that train wrote")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    if (training->parsed())
      train(options);
    else
      run(options);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "stream: " << error.what() << "\n";
    return 1;
  }
}
