// What the options of unroll, stacks and linear recurrences cost: ratios of times measured in turn, beside
// what they are to be. build/release/benchmarks/recurrence_benchmark [--only TEXT] [--pairs N]

#include <reel/reel.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>

#include "paired.h"
#include "recurrence/pairs.h"

using namespace reel;

namespace benchmarks {

namespace {

struct Size {
  std::int64_t batch, input, hidden, steps;
};

Array filled(const Shape& shape) {
  Array x(shape, ElementType::float32);
  for (std::int64_t i = 0; i < x.size(); ++i)
    x.data<float>()[i] = static_cast<float>((i * 7919) % 1009) / 1009 - 0.5f;
  return x;
}

Device two_threads() {
  static const Device device = Device::cpu(std::max(1u, std::min(2u, std::thread::hardware_concurrency())));
  return device;
}

/// A model that lives as long as the runs over it.
struct Kept {
  Model model{Seed{1}, two_threads()};
};

/// Gradients of a loss by all parameters and `x`.
Tensors all_gradients(const Model& model, const Tensor& loss, const Tensor& x) {
  Tensors sources(model.parameters().begin(), model.parameters().end());
  sources.push_back(x);
  return gradients(loss, sources);
}

/// A function on these arguments that writes into results which are there already.
template <class F, class... Args>
Run running(Model& model, F f, const Args&... args) {
  const auto function = std::make_shared<Function<F>>(model, std::move(f));
  const auto results = std::make_shared<std::vector<Array>>((*function)(args...));
  return [function, results, args...] { function->into(*results, args...); };
}

template <class Make>
Run training(const Size& size, const Make& make) {
  const auto kept = std::make_shared<Kept>();
  const auto loss = make(kept->model, size);
  const auto x = filled({size.steps, size.batch, size.input});
  return running(
      kept->model, [kept, loss](const Tensor& x) { return all_gradients(kept->model, loss(x), x); }, x);
}

/// An LSTM's outputs, squared and added up.
template <class... Options>
auto lstm(const Options&... options) {
  return [options...](Model& model, const Size& size) {
    return [cell = LSTM(model / "cell", size.input, size.hidden), options...](const Tensor& x) {
      return sum(square(unroll(cell, x, cell.initial_state(x.extent(1)), options...).outputs));
    };
  };
}

/// An LSTM's gradients of each of some batches, with lengths.
Run with_lengths(const Size& size, const std::vector<Padded>& batches) {
  const auto kept = std::make_shared<Kept>();
  const LSTM cell(kept->model / "cell", size.input, size.hidden);
  const auto gradient_function = [kept, cell](const Tensor& x, const Tensor& lengths) {
    const auto y = unroll(cell, x, cell.initial_state(x.extent(1)), Lengths(lengths)).outputs;
    return all_gradients(kept->model, sum(square(y)), x);
  };
  const auto f =
      std::make_shared<Function<std::decay_t<decltype(gradient_function)>>>(kept->model, gradient_function);
  const auto results = std::make_shared<std::vector<std::vector<Array>>>();
  for (const auto& [x, lengths] : batches) results->push_back((*f)(x, lengths));
  return [=] {
    for (std::size_t i = 0; i < batches.size(); ++i) f->into((*results)[i], batches[i].x, batches[i].lengths);
  };
}

/// Every sequence has all steps, which the program does not know.
std::vector<Padded> full_batch(const Size& size) {
  return {{filled({size.steps, size.batch, size.input}),
           Array({ElementType::int64, {size.batch}}, static_cast<double>(size.steps))}};
}

/// Sequences of 1 to twice `size.steps` - 1 steps, so that half of a batch of them is padding as they come.
std::vector<Array> sequences_of(const Size& size, std::size_t count) {
  std::vector<Array> sequences;
  for (std::size_t i = 0; i < count; ++i)
    sequences.push_back(filled({1 + static_cast<std::int64_t>(i * 7919 % (2 * size.steps - 1)), size.input}));
  return sequences;
}

/// All of them in batches, and how many steps of a full batch their elements would be, over those of `size`.
std::pair<std::vector<Padded>, double> padded_batches(const Size& size, bool by_length) {
  const auto sequences = sequences_of(size, 24 * static_cast<std::size_t>(size.batch));
  std::vector<std::int64_t> lengths;
  double elements = 0;
  for (const auto& sequence : sequences) {
    lengths.push_back(sequence.shape()[0]);
    elements += static_cast<double>(lengths.back());
  }
  std::vector<Padded> batches;
  const auto size_of_batch = static_cast<std::size_t>(size.batch);
  for (const auto& batch : by_length ? batches_by_length(lengths, size_of_batch, Seed{1}, 0)
                                     : shuffled_batches(lengths.size(), size_of_batch, Seed{1}, 0))
    batches.push_back(pad(sequences, batch));
  return {batches, elements / static_cast<double>(size.batch * size.steps)};
}

/// The square of an LSTM's last state.
template <class... Options>
auto last_state(const Options&... options) {
  return [options...](Model& model, const Size& size) {
    return [cell = LSTM(model / "cell", size.input, size.hidden), options...](const Tensor& x) {
      return sum(square(unroll(cell, x, cell.initial_state(x.extent(1)), options...).state.h));
    };
  };
}

const auto two_layers = [](Model& model, const Size& size) {
  const Stack stack(LSTM(model / "first", size.input, size.hidden),
                    LSTM(model / "second", size.hidden, size.hidden));
  return [stack](const Tensor& x) {
    return sum(square(unroll(stack, x, stack.initial_state(x.extent(1))).outputs));
  };
};

const auto both_directions = [](Model& model, const Size& size) {
  const Bidirectional both(LSTM(model / "forward", size.input, size.hidden),
                           LSTM(model / "backward", size.input, size.hidden));
  return [both](const Tensor& x) {
    return sum(square(unroll(both, x, both.initial_state(x.extent(1))).outputs));
  };
};

const auto min_gru = [](Model& model, const Size& size) {
  return [cell = MinGRU(model / "cell", size.input, size.hidden)](const Tensor& x) {
    return sum(square(unroll(cell, x, cell.initial_state(x.extent(1))).outputs));
  };
};

/// A minGRU whose state is forgotten at once.
const auto no_recurrence = [](Model& model, const Size& size) {
  return [cell = MinGRU(model / "cell", size.input, size.hidden)](const Tensor& x) {
    const auto z = sigmoid(cell.update(x));
    return sum(square((1 - z) * 0.5 + z * cell.candidate(x)));
  };
};

/// h = a h + b with a and b given, [steps, batch, hidden], and its derivative by both.
std::pair<Run, std::size_t> linear(const Size& size, bool derivative) {
  const auto kept = std::make_shared<Kept>();
  const auto shape = Shape{size.steps, size.batch, size.hidden};
  const auto a = filled(shape), b = filled(shape);
  const auto function = [kept, derivative](const Tensor& a, const Tensor& b) -> Tensors {
    const auto cell = [](const std::pair<Tensor, Tensor>& x, const Tensor& h) {
      return x.first * h + x.second;
    };
    const auto h = unroll(cell, std::pair(a, b), zeros(a.shape().without_axis(0))).outputs;
    if (!derivative) return {h};
    return gradients(h, {a, b}, b);
  };
  // Forward reads a and b and writes h; then the reverse pass reads a, h and the adjoint, and writes two.
  const std::size_t arrays = derivative ? 3 + 5 : 3;
  return {running(kept->model, function, a, b), arrays * a.bytes()};
}

/// Copies so many bytes, half of them read and half written, on two threads.
Run copying(std::size_t bytes) {
  const auto each = bytes / 2 / 2;
  struct Half {
    std::vector<char> from, to;
  };
  const auto halves = std::make_shared<std::vector<Half>>();
  for (int i = 0; i < 2; ++i) halves->push_back({std::vector<char>(each, 1), std::vector<char>(each, 2)});
  return [halves, each] {
    std::thread other([&] { std::memcpy((*halves)[1].to.data(), (*halves)[1].from.data(), each); });
    std::memcpy((*halves)[0].to.data(), (*halves)[0].from.data(), each);
    other.join();
  };
}

std::vector<Pair> all_pairs() {
  const Size lengths{64, 128, 256, 50}, deep{64, 256, 256, 50}, wide{64, 256, 256, 1000},
      lstm_long{32, 64, 128, 1000};
  std::vector<Pair> pairs;
  pairs.push_back({"lengths, every sequence full, over none; LSTM 64,128,256,50", 1.08, [=] {
                     return std::pair(with_lengths(lengths, full_batch(lengths)), training(lengths, lstm()));
                   }});
  for (const bool by_length : {true, false}) {
    const auto [batches, times] = padded_batches(lengths, by_length);
    pairs.push_back({std::string("half of the elements padding, time of an element over none padding; ") +
                         (by_length ? "batches by length" : "batches as they come"),
                     by_length ? 1.15 : 2.1,
                     [=, batches = batches] {
                       return std::pair(with_lengths(lengths, batches), training(lengths, lstm()));
                     },
                     times});
  }
  pairs.push_back({"checkpointed over stored; LSTM 32,64,128,1000, loss on the last state", 1.45, [=] {
                     return std::pair(training(lstm_long, last_state(Checkpoint)),
                                      training(lstm_long, last_state()));
                   }});
  pairs.push_back({"two layers over twice one; LSTM 64,256,256,50", 1.05,
                   [=] { return std::pair(training(deep, two_layers), training(deep, lstm())); }, 2});
  pairs.push_back({"both directions over twice one; LSTM 64,256,256,50", 1.05,
                   [=] { return std::pair(training(deep, both_directions), training(deep, lstm())); }, 2});
  for (const bool derivative : {false, true})
    pairs.push_back({std::string("h = a h + b, 64 x 256 of 1000 steps, ") +
                         (derivative ? "and its derivative" : "forward") + ", over a copy of as many bytes",
                     1.5, [=] {
                       auto [run, bytes] = linear(wide, derivative);
                       return std::pair(Run(run), copying(bytes));
                     }});
  pairs.push_back({"minGRU 64,256,256,1000, training, over the same without recurrence", 1.1,
                   [=] { return std::pair(training(wide, min_gru), training(wide, no_recurrence)); }});
  return pairs;
}

double seconds(const Run& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The ratios of times measured one after the other, and the least of each.
void measure(const Pair& pair, int count) {
  const auto programs = pair.make();
  const auto &first = programs.first, &second = programs.second;
  for (int i = 0; i < 8; ++i) first(), second();
  const auto times = times_in_turn(
      count, [&] { return seconds(first) / pair.times; }, [&] { return seconds(second); });
  std::printf("%6.3f [%.3f, %.3f] at most %.2f  %8.2f ms / %.2f ms  %s\n", times.ratio.median,
              times.ratio.low, times.ratio.high, pair.most, 1e3 * times.least_first * pair.times,
              1e3 * times.least_second, pair.name.c_str());
  std::fflush(stdout);
}

/// The bytes of a program of all gradients by parameters, inputs and results apart.
template <class Make>
double bytes_of(const Size& size, const Make& make) {
  Kept kept;
  const auto loss = make(kept.model, size);
  Function f(kept.model, [&](const Tensor& x) {
    return gradients(loss(x), {kept.model.parameters().begin(), kept.model.parameters().end()});
  });
  return static_cast<double>(f.program(filled({size.steps, size.batch, size.input})).arena_bytes());
}

void measure_memory() {
  const Size size{32, 64, 128, 1000};
  std::printf(
      "%6.3f at most 0.15  memory of checkpointed over stored; LSTM 32,64,128,1000, loss on the last state\n",
      bytes_of(size, last_state(Checkpoint)) / bytes_of(size, last_state()));
}

/// What a Stream's step takes beyond the program that it runs.
void measure_stream(int count) {
  Kept kept;
  const LSTM cell(kept.model / "cell", 1, 8);
  const Array x(Shape{1, 1}, ElementType::float32);
  Stream stream(kept.model, cell, cell.initial_state(1));
  stream.step(x);
  auto program = stream.program(x);
  auto state = stream.state();
  const std::vector<const Array*> arguments{&x, &state.h, &state.c};
  std::vector<Array> results{state.h, state.h, state.c};
  constexpr int steps = 2000;
  std::vector<double> differences;
  for (int i = 0; i < 8 + count; ++i) {
    const double by_stream = seconds([&] {
      for (int k = 0; k < steps; ++k) stream.step(x);
    });
    const double by_program = seconds([&] {
      for (int k = 0; k < steps; ++k) program.run(arguments, results);
    });
    if (i >= 8) differences.push_back(1e6 * (by_stream - by_program) / steps);
  }
  const auto median = estimate_median(differences);
  std::printf("%6.3f [%.3f, %.3f] us at most 0.10  a Stream's step above its program; LSTM 1,1,8\n",
              median.median, median.low, median.high);
}

/// Times of JAX's over Reel's, which is measured before and after.
void measure_jax(const std::string& python) {
  const auto run = training({64, 256, 256, 1000}, min_gru);
  std::vector<double> own;
  const auto measure_own = [&] {
    for (int i = 0; i < 8; ++i) own.push_back(1e3 * seconds(run));
  };
  measure_own();
  const auto command = "\"" + python + "\" " BENCHMARKS_DIRECTORY "/recurrence/min_gru.py";
  std::FILE* peer = popen(command.c_str(), "r");
  double associative = 0, looped = 0;
  const bool has_both = peer && std::fscanf(peer, "%lf %lf", &associative, &looped) == 2;
  if (peer) pclose(peer);
  if (!has_both) throw Error("[recurrence_benchmark] " + command + " did not print two times");
  measure_own();
  std::sort(own.begin(), own.end());
  const double median = own[own.size() / 2];
  std::printf(
      "%6.3f at least 2.00  JAX's associative_scan over Reel, %.3f its scan; minGRU 64,256,256,1000\n",
      associative / median, looped / median);
}

}  // namespace

}  // namespace benchmarks

int main(int argc, char** argv) {
  CLI::App app("Ratios of times of recurrent programs, measured in turn.");
  std::string only, python;
  int pairs = 15;
  app.add_option("--only", only, "rows whose name has this in it");
  app.add_option("--pairs", pairs, "how often both of a row are measured")->check(CLI::Range(6, 1000));
  app.add_option("--python", python, "a Python that has jax: measures its minGRU too");
  CLI11_PARSE(app, argc, argv);
  const auto is_asked = [&](const std::string& name) { return name.find(only) != std::string::npos; };
  for (const auto& pair : benchmarks::all_pairs())
    if (is_asked(pair.name)) benchmarks::measure(pair, pairs);
  if (is_asked("memory")) benchmarks::measure_memory();
  if (is_asked("Stream")) benchmarks::measure_stream(pairs);
  if (!python.empty()) benchmarks::measure_jax(python);
}
