#include "measure.h"

#include <char_lm/network.h>
#include <char_lm/training.h>

#include <algorithm>
#include <memory>
#include <random>

#include "allocations.h"
#include "hand_written.h"
#include "layer.h"
#include "peak.h"

namespace benchmarks {

using namespace reel;

namespace {

constexpr double megabyte = 1024 * 1024;

/// Small enough to cost nothing; what a first run loads or sets up has then been paid for.
const Workload tiny{Workload::Kind::layer, "LSTM", 2, 4, 4, 3};

void run_tiny(const Device& device) {
  Model model(Seed{1}, device);
  const auto inputs = draw_inputs(tiny);
  compile_training(model, make_layer(model, "reel", tiny), tiny).run({inputs.x, inputs.dy});
}

/// Times, memory and allocations of a layer whose two parts are given.
void measure_runs(Row& row, const Protocol& protocol, double peak_before, const std::function<void()>& train,
                  const std::function<void()>& forward) {
  const double ms = median_ms(protocol, train);
  row["train_ms"] = ms;
  row["peak_mb"] = peak_resident_mb() - peak_before;
  if (!protocol.only_times) row["allocations"] = count_allocations(train);
  row["forward_ms"] = median_ms(protocol, forward);
}

/// What a first call of `function` does before it runs.
template <class F, class... Arguments>
double first_ms(Model& model, const F& function, const Arguments&... arguments) {
  Function first(model, function);
  return processor_ms([&] { first.program(arguments...); });
}

double first_training_ms(Model& model, const Layer& layer, const Inputs& inputs) {
  const auto train = [&](Tensor x, Tensor dy) { return training_gradients(model, layer, x, dy); };
  return first_ms(model, train, inputs.x, inputs.dy);
}

void measure_reel(Row& row, const Workload& w, const Device& device, const Protocol& protocol) {
  const std::string implementation = row["implementation"];
  const auto inputs = draw_inputs(w);
  const double peak_before = peak_resident_mb();
  Model model(Seed{1}, device);
  const auto layer = make_layer(model, implementation, w);
  if (protocol.only_times) row["first_ms"] = first_training_ms(model, layer, inputs);
  auto training = compile_training(model, layer, w), prediction = compile_forward(model, layer, w);
  const std::vector<const Array*> training_arguments{&inputs.x, &inputs.dy}, arguments{&inputs.x};
  std::vector<Array> gradients, y;
  const auto smallest = *std::min_element(
      model.parameters().begin(), model.parameters().end(),
      [](const Parameter& a, const Parameter& b) { return a.shape().size() < b.shape().size(); });
  const Array value = smallest.value();
  const auto train = [&] {
    // Weights are new in every step of a training: where one is written, nothing that was made of any is
    // kept.
    smallest.assign(value);
    training.run(training_arguments, gradients);
  };
  measure_runs(row, protocol, peak_before, train, [&] { prediction.run(arguments, y); });
  if (protocol.only_times) return;
  row["compile_ms"] = median_ms({2, 7, 7, 0}, [&] { compile_training(model, layer, w); });
  const double gflops = w.training_flops(gate_count(implementation, w)) / row["train_ms"].get<double>() / 1e6;
  row["gflops"] = gflops;
  row["share_of_peak"] = gflops / (row["threads"].get<int>() * peak_gflops());
  row["arena_mb"] = training.arena_bytes() / megabyte;
  if (w.family == "LSTM" && gate_count(implementation, w) == 4)
    row["arena_ratio"] =
        (training.arena_bytes() - training.kept_bytes()) / (4.0 * 6 * w.time * w.batch * w.hidden);
  row["gradient_error"] =
      largest_difference(gradients, reference_gradients(model, implementation, w, inputs));
}

/// The columns of [rows, 4 hidden] that belong to one gate.
Array columns_of_gate(const std::vector<float>& values, std::int64_t rows, std::int64_t hidden, int gate) {
  Array part(rows == 1 ? Shape{hidden} : Shape{rows, hidden}, ElementType::float32);
  for (std::int64_t row = 0; row < rows; ++row)
    std::copy_n(values.data() + (row * 4 + gate) * hidden, hidden, part.data<float>() + row * hidden);
  return part;
}

void set_columns_of_gate(std::vector<float>& values, const Array& part, std::int64_t hidden, int gate) {
  for (std::int64_t row = 0; row < part.size() / hidden; ++row)
    std::copy_n(part.data<float>() + row * hidden, hidden, values.data() + (row * 4 + gate) * hidden);
}

void measure_hand_written(Row& row, const Workload& w, const Protocol& protocol) {
  const auto inputs = draw_inputs(w);
  const float *x = inputs.x.data<float>(), *dy = inputs.dy.data<float>();
  {
    HandWrittenLSTM lstm(tiny, row["threads"]);
    const auto few = draw_inputs(tiny);
    lstm.forward(few.x.data<float>());
  }
  const double peak_before = peak_resident_mb();
  HandWrittenLSTM lstm(w, row["threads"]);
  Model model(Seed{1});
  make_layer(model, "reel", w);
  const auto& parameters = model.parameters();  // of each gate W, U, b, in the same order
  for (int gate = 0; gate < 4; ++gate) {
    set_columns_of_gate(lstm.W, parameters[3 * gate].value(), w.hidden, gate);
    set_columns_of_gate(lstm.U, parameters[3 * gate + 1].value(), w.hidden, gate);
    set_columns_of_gate(lstm.b, parameters[3 * gate + 2].value(), w.hidden, gate);
  }
  const auto train = [&] {
    lstm.forward(x);
    lstm.backward(x, dy);
  };
  measure_runs(row, protocol, peak_before, train, [&] { lstm.forward(x); });
  if (protocol.only_times) return;
  row["gflops"] = w.training_flops(4) / row["train_ms"].get<double>() / 1e6;

  train();
  std::vector<Array> gradients{Array(inputs.x.shape(), lstm.dx)};
  for (int gate = 0; gate < 4; ++gate) {
    gradients.push_back(columns_of_gate(lstm.W_gradient, w.input, w.hidden, gate));
    gradients.push_back(columns_of_gate(lstm.U_gradient, w.hidden, w.hidden, gate));
    gradients.push_back(columns_of_gate(lstm.b_gradient, 1, w.hidden, gate));
  }
  row["gradient_error"] = largest_difference(gradients, reference_gradients(model, "reel", w, inputs));
}

/// The example's network at its sizes, in its own training step: clipping and Adam included.
void measure_char_lm(Row& row, const Workload& w, const Device& device, const Protocol& protocol) {
  constexpr std::int64_t vocabulary = 98;  // printable characters, the end of a line, and two symbols
  const double peak_before = peak_resident_mb();
  Model model(Seed{1}, device);
  const char_lm::Network network(model, vocabulary, w.input, w.hidden);
  TrainingStep<char_lm::TrainingLoss> step(
      model, clip_by_global_norm(1, Adam(char_lm::Training().learning_rate)), {&network});
  Array symbols(Shape{w.time, w.batch}, ElementType::int32), targets = symbols;
  std::mt19937 random(1);
  for (auto* array : {&symbols, &targets})
    std::generate_n(array->data<std::int32_t>(), array->size(), [&] { return random() % vocabulary; });
  auto state = reel::host_state(model, network.initial_state(w.batch));
  const auto train = [&] { state = std::get<1>(step(symbols, targets, state)); };

  row[protocol.only_times ? "first_ms" : "compile_ms"] =
      processor_ms([&] { step.program(symbols, targets, state); });
  row["train_ms"] = median_ms(protocol, train);
  row["peak_mb"] = peak_resident_mb() - peak_before;
  if (!protocol.only_times) row["allocations"] = count_allocations(train);
}

/// One step of an LSTM: its new h and c of x, h and c.
Program compile_step(Model& model, const LSTM& lstm, const Workload& w) {
  Tape tape(model.element());
  const Recording recording(tape);
  const auto argument = [&](std::int64_t size) { return tape.argument({model.element(), {w.batch, size}}); };
  const auto x = argument(w.input), h = argument(w.hidden), c = argument(w.hidden);
  const auto state = lstm(x, {h, c}).second;
  return compile(tape, {state.h, state.c}, model.device());
}

/// As a program would that gets a sample at a time: two states take turns, one read and one written.
void measure_streaming(Row& row, const Workload& w, const Device& device, const Protocol& protocol) {
  constexpr int pairs = 200;  // of steps to a run, so that the clock's own time does not count
  const double peak_before = peak_resident_mb();
  Model model(Seed{1}, device);
  const LSTM lstm(model / "lstm", w.input, w.hidden);
  const Array x(Shape{w.batch, w.input}, ElementType::float32);
  std::vector<Array> even(2, Array(Shape{w.batch, w.hidden}, ElementType::float32)), odd = even;
  if (protocol.only_times)
    row["first_ms"] = first_ms(
        model, [&](Tensor in, LSTMState s) { return lstm(in, s); }, x, LSTMStateOf<Array>{even[0], even[1]});
  auto step = compile_step(model, lstm, w);
  const std::vector<const Array*> of_even{&x, &even[0], &even[1]}, of_odd{&x, &odd[0], &odd[1]};
  const auto two_steps = [&] {
    step.run(of_even, odd);
    step.run(of_odd, even);
  };
  const double ms = median_ms(protocol, [&] {
    for (int i = 0; i < pairs; ++i) two_steps();
  });
  row["forward_ms"] = ms / (2 * pairs);
  row["step_us"] = 1e3 * ms / (2 * pairs);
  row["peak_mb"] = peak_resident_mb() - peak_before;
  if (!protocol.only_times) row["allocations"] = count_allocations(two_steps);
  row["arena_mb"] = step.arena_bytes() / megabyte;
}

void measure_compiling(Row& row, const Workload& w, const Device& device, const Protocol& protocol) {
  Model model(Seed{1}, device);
  const bool is_chain = w.family == "chain";
  const auto layer = is_chain ? Layer() : make_layer(model, "reel", w);
  const auto prepare = [&] { is_chain ? compile_chain(model, w) : compile_training(model, layer, w); };
  if (protocol.only_times)
    row["first_ms"] = is_chain ? processor_ms(prepare) : first_training_ms(model, layer, draw_inputs(w));
  row["compile_ms"] = median_ms(protocol.only_times ? protocol : Protocol{3, 21, 7, 0}, prepare);
}

}  // namespace

Row measure(const Workload& w, const std::string& implementation, int threads, const Protocol& protocol) {
  Row row = make_row(w.name(), implementation, threads);
  if (implementation == "hand-written") {
    measure_hand_written(row, w, protocol);
    return row;
  }
  const auto device = device_of(implementation, threads);
  if (!protocol.only_times) run_tiny(device);
  switch (w.kind) {
    case Workload::Kind::layer:
      measure_reel(row, w, device, protocol);
      break;
    case Workload::Kind::training:
      measure_char_lm(row, w, device, protocol);
      break;
    case Workload::Kind::streaming:
      measure_streaming(row, w, device, protocol);
      break;
    case Workload::Kind::compiling:
      measure_compiling(row, w, device, protocol);
      break;
  }
  return row;
}

}  // namespace benchmarks
