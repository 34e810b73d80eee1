#include "measure.h"

#include <char_lm/network.h>
#include <char_lm/training.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>

#include "allocations.h"
#include "hand_written.h"
#include "layer.h"

namespace benchmarks {

using namespace reel;

namespace {

/// Small enough to cost nothing; what a first run loads or sets up has then been paid for.
const Workload tiny{Workload::Kind::layer, "LSTM", 2, 4, 4, 3};

void run_tiny() {
  Model model(Seed{1});
  const auto inputs = draw_inputs(tiny);
  compile_training(model, make_layer(model, "reel", tiny), tiny).run({inputs.x, inputs.dy});
}

/// Times, memory and allocations of a layer whose two parts are given.
void measure_runs(Row& row, const Protocol& protocol, double peak_before, const std::function<void()>& train,
                  const std::function<void()>& forward) {
  const double ms = median_ms(protocol, train);
  row["train_ms"] = ms;
  row["peak_mb"] = peak_resident_mb() - peak_before;
  row["allocations"] = count_allocations(train);
  row["forward_ms"] = median_ms(protocol, forward);
}

void measure_reel(Row& row, const Workload& w, const Protocol& protocol) {
  const std::string implementation = row["implementation"];
  const auto inputs = draw_inputs(w);
  run_tiny();
  const double peak_before = peak_resident_mb();
  Model model(Seed{1});
  const auto layer = make_layer(model, implementation, w);
  auto train = compile_training(model, layer, w), forward = compile_forward(model, layer, w);
  const std::vector<const Array*> train_arguments{&inputs.x, &inputs.dy}, forward_arguments{&inputs.x};
  measure_runs(
      row, protocol, peak_before, [&] { train.run(train_arguments); },
      [&] { forward.run(forward_arguments); });
  row["compile_ms"] = median_ms({2, 7, 7, 0}, [&] { compile_training(model, layer, w); });
  row["gflops"] = w.training_flops(gate_count(implementation, w)) / row["train_ms"].get<double>() / 1e6;
  row["gradient_error"] =
      largest_difference(train.run(train_arguments), reference_gradients(model, implementation, w, inputs));
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
void measure_char_lm(Row& row, const Workload& w, const Protocol& protocol) {
  constexpr std::int64_t vocabulary = 98;  // printable characters, the end of a line, and two symbols
  run_tiny();
  const double peak_before = peak_resident_mb();
  Model model(Seed{1});
  const char_lm::Network network(model, vocabulary, w.input, w.hidden);
  TrainingStep<char_lm::TrainingLoss> step(
      model, clip_by_global_norm(1, Adam(char_lm::Training().learning_rate)), {&network});
  Array symbols(Shape{w.time, w.batch}, ElementType::int32), targets = symbols;
  std::mt19937 random(1);
  for (auto* array : {&symbols, &targets})
    std::generate_n(array->data<std::int32_t>(), array->size(), [&] { return random() % vocabulary; });
  auto state = network.initial_state(w.batch);
  const auto train = [&] { state = std::get<1>(step(symbols, targets, state)); };

  const auto start = std::chrono::steady_clock::now();
  train();
  const std::chrono::duration<double, std::milli> first = std::chrono::steady_clock::now() - start;
  const double ms = median_ms(protocol, train);
  row["train_ms"] = ms;
  row["peak_mb"] = peak_resident_mb() - peak_before;
  row["compile_ms"] = std::max(0.0, first.count() - ms);
  row["allocations"] = count_allocations(train);
}

void measure_streaming(Row& row, const Workload& w, const Protocol& protocol) {
  constexpr int steps = 100;  // to a run, so that the clock's own time does not count
  run_tiny();
  const double peak_before = peak_resident_mb();
  Model model(Seed{1});
  const LSTM lstm(model / "lstm", w.input, w.hidden);
  Function step(model, [&](Tensor x, LSTMState state) { return lstm(x, state).second; });
  const Array x(Shape{w.batch, w.input}, ElementType::float32);
  const Array zero(Shape{w.batch, w.hidden}, ElementType::float32);
  LSTMStateOf<Array> state{zero, zero};
  const double ms = median_ms(protocol, [&] {
    for (int i = 0; i < steps; ++i) state = step(x, state);
  });
  row["forward_ms"] = ms / steps;
  row["peak_mb"] = peak_resident_mb() - peak_before;
  row["allocations"] = count_allocations([&] { state = step(x, state); });
}

void measure_compiling(Row& row, const Workload& w) {
  run_tiny();
  Model model(Seed{1});
  const auto layer = make_layer(model, "reel", w);
  row["compile_ms"] = median_ms({3, 21, 7, 0}, [&] { compile_training(model, layer, w); });
}

}  // namespace

Row measure(const Workload& w, const std::string& implementation, int threads, const Protocol& protocol) {
  Row row = make_row(w.name(), implementation, threads);
  switch (w.kind) {
    case Workload::Kind::layer:
      implementation == "hand-written" ? measure_hand_written(row, w, protocol)
                                       : measure_reel(row, w, protocol);
      break;
    case Workload::Kind::training:
      measure_char_lm(row, w, protocol);
      break;
    case Workload::Kind::streaming:
      measure_streaming(row, w, protocol);
      break;
    case Workload::Kind::compiling:
      measure_compiling(row, w);
      break;
  }
  return row;
}

}  // namespace benchmarks
