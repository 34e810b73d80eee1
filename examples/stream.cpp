// A trained network in live operation: numbers come in on standard input, one a line, and after each the
// network tells what it expects next. What comes unexpectedly stands out.
//
//   stream train signal.txt model.xml         trains on a file of numbers, one a line
//   stream run model.xml < signal.txt         value, what was expected of it, and by how much it differs;
//                                             at the end, on standard error, how long the steps took
//
// Made for trying: awk 'BEGIN { for (i = 0; i < 4000; i++) print sin(i / 5) * (1 + sin(i / 41)) }' >
// signal.txt

#include <reel/characters.h>
#include <reel/parse_number.h>
#include <reel/reel.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <numeric>
#include <system_error>

using namespace reel;

namespace {

constexpr std::int64_t most_hidden = 4096;

struct Options {
  std::string signal, model;
  std::int64_t hidden = 32;
  int steps = 600;
};

/// Expects the next value of a signal. What it reads and tells is in units of the signal's deviation from its
/// mean, which are saved with the weights, as the number of its units is.
struct Expectation {
  LSTM cell;
  Linear head;
  Parameter mean, deviation;

  Expectation(Model& model, std::int64_t hidden)
      : cell(model / "cell", 1, hidden),
        head(model / "head", hidden, 1),
        mean((model / "fixed").parameter("mean", {}, constant_init(0))),
        deviation((model / "fixed").parameter("deviation", {}, constant_init(1))) {
    (model / "fixed").parameter("hidden", {}, constant_init(static_cast<double>(hidden)));
  }

  LSTMState initial_state(std::int64_t batch) const { return cell.initial_state(batch); }

  /// The value that is expected behind x [batch, 1].
  std::pair<Tensor, LSTMState> operator()(const Tensor& x, const LSTMState& state) const {
    const auto [h, next] = cell((x - mean) / deviation, state);
    return {head(h) * deviation + mean, next};
  }
};

/// The number of units in a file that train() wrote.
std::int64_t hidden_in(const std::string& path) {
  Model model(Seed{1});
  const auto hidden = (model / "fixed").parameter("hidden", {}, constant_init(0));
  load(model, path, Part{{"fixed/hidden"}});
  const double count = hidden.value().item();
  if (!(count >= 1 && count <= most_hidden && count == std::floor(count)))
    throw Error("'" + path + "': fixed/hidden is no number of units from 1 to " +
                std::to_string(most_hidden));
  return static_cast<std::int64_t>(count);
}

const char* const blanks = " \t\r\f\v";

/// The number that a line is, between blanks: what is too small for a float is 0. Throws Error, which begins
/// with `place`, for what is none, and for one that is too large.
float number_in(const std::string& line, const std::string& place) {
  const auto refuse = [&](const std::string& reason) {
    throw Error(place + ": " + shown(line) + " " + reason);
  };
  const auto first = line.find_first_not_of(blanks), end = line.find_last_not_of(blanks) + 1;
  const auto word = line.substr(first, end - first);
  if (!is_number(word)) refuse("is no number");
  const auto value = parse_number<float>(word);
  if (!value || !std::isfinite(*value)) refuse("is no number that a float can hold");
  return *value;
}

/// Reads numbers, one a line; `use` gets each as it comes. Empty lines are left out.
template <class Use>
void for_each_number(std::istream& in, const std::string& name, const Use& use) {
  std::string line;
  for (std::int64_t number = 1; std::getline(in, line); ++number)
    if (line.find_first_not_of(blanks) != line.npos)
      use(number_in(line, name + ", line " + std::to_string(number)));
  if (in.bad()) throw Error("cannot read " + name);
}

/// Sends on what was printed. Throws Error where nobody takes it, such as a full disk or a closed pipe.
void flush_output() {
  errno = 0;
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return;
  throw Error("cannot write to standard output: " + std::generic_category().message(errno));
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
      by_name({{"fixed/*", Frozen()},
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
  flush_output();
}

/// Sorts the durations.
void tell_durations(std::vector<double>& microseconds) {
  std::sort(microseconds.begin(), microseconds.end());
  std::fprintf(stderr, "%zu steps; median %.2f microseconds, slowest %.2f.\n", microseconds.size(),
               microseconds[microseconds.size() / 2], microseconds.back());
}

void run(const Options& options) {
  Model model(Seed{1});
  const Expectation expectation(model, hidden_in(options.model));
  load(model, options.model);
  Stream stream(model, expectation, expectation.initial_state(1));
  Array x({1, 1}, ElementType::float32);
  // The first step compiles: not while somebody waits for its answer.
  stream.step(x);
  stream.start_again();
  float expected = std::nanf("");
  std::vector<double> microseconds;
  for_each_number(std::cin, "standard input", [&](float value) {
    std::printf("%g\t%g\t%g\n", static_cast<double>(value), static_cast<double>(expected),
                static_cast<double>(value - expected));
    flush_output();
    *x.data<float>() = value;
    const auto start = std::chrono::steady_clock::now();
    expected = *stream.step(x).template data<float>();
    const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - start;
    microseconds.push_back(taken.count());
  });
  if (microseconds.empty()) throw Error("standard input held no number");
  tell_durations(microseconds);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A network that tells the next value of a signal as it comes in.");
  Options options;
  app.option_defaults()->always_capture_default();
  app.require_subcommand(1);
  auto* training = app.add_subcommand("train", "Trains on a file of numbers");
  training->add_option("SIGNAL", options.signal, "Numbers, one a line")->required();
  training->add_option("MODEL", options.model, "File for the weights (XML)")->required();
  training->add_option("--steps", options.steps, "Training steps")->check(CLI::Range(1, 10000000));
  training->add_option("--hidden", options.hidden, "Units of the LSTM")
      ->check(CLI::Range(std::int64_t{1}, most_hidden));
  auto* running = app.add_subcommand("run", "Reads numbers from standard input");
  running->add_option("MODEL", options.model, "Weights that train wrote")->required();
  CLI11_PARSE(app, argc, argv);
  // Writing to a closed pipe is to be an error as any other.
  std::signal(SIGPIPE, SIG_IGN);
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
