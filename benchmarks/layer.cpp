#include "layer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>

#include "cells.h"

namespace benchmarks {

using namespace reel;

namespace {

template <class Cell>
Layer unrolled(Model& model, const Workload& w) {
  const auto cell = std::make_shared<Cell>(model / "cell", w.input, w.hidden);
  const auto zero = zeros({w.batch, w.hidden});
  if constexpr (std::is_invocable_v<Cell, Tensor, LSTMState>)
    return [=](const Tensor& x) { return unroll(*cell, x, LSTMState{zero, zero}).outputs; };
  else
    return [=](const Tensor& x) { return unroll(*cell, x, zero).outputs; };
}

TensorType sequence(const Model& model, const Workload& w, std::int64_t size) {
  return {model.element(), {w.time, w.batch, size}};
}

Array draw(const Shape& shape, Random& random) {
  std::normal_distribution<float> normal;
  Array values(shape, ElementType::float32);
  std::generate_n(values.data<float>(), values.size(), [&] { return normal(random); });
  return values;
}

}  // namespace

Device device_of(const std::string& implementation, int threads) {
  return implementation == "reel-reference" ? Device::reference() : Device::cpu(threads);
}

Layer make_layer(Model& model, const std::string& implementation, const Workload& w) {
  if (implementation == "reel-mgu") return unrolled<MinimalGatedUnit>(model, w);
  if (implementation == "reel-peephole") return unrolled<PeepholeLSTM>(model, w);
  if (implementation == "reel-layernorm") return unrolled<LayerNormLSTM>(model, w);
  const bool custom = implementation == "reel-custom";
  if (w.family == "RNN") return custom ? unrolled<CustomRNN>(model, w) : unrolled<RNN>(model, w);
  if (w.family == "GRU") return custom ? unrolled<CustomGRU>(model, w) : unrolled<GRU>(model, w);
  return custom ? unrolled<CustomLSTM>(model, w) : unrolled<LSTM>(model, w);
}

int gate_count(const std::string& implementation, const Workload& w) {
  if (implementation == "reel-mgu") return 2;
  return w.family == "RNN" ? 1 : w.family == "GRU" ? 3 : 4;
}

Inputs draw_inputs(const Workload& w) {
  Random random(1);
  auto x = draw({w.time, w.batch, w.input}, random);
  return {std::move(x), draw({w.time, w.batch, w.hidden}, random)};
}

Tensors training_gradients(const Model& model, const Layer& layer, const Tensor& x, const Tensor& dy) {
  Tensors sources{x};
  const auto y = layer(x);
  sources.insert(sources.end(), model.parameters().begin(), model.parameters().end());
  return gradients(y, sources, dy);
}

Program compile_forward(Model& model, const Layer& layer, const Workload& w) {
  Tape tape(model.element());
  const Recording recording(tape);
  return compile(tape, {layer(tape.argument(sequence(model, w, w.input)))}, model.device());
}

Program compile_training(Model& model, const Layer& layer, const Workload& w) {
  Tape tape(model.element());
  const Recording recording(tape);
  const auto x = tape.argument(sequence(model, w, w.input)), dy = tape.argument(sequence(model, w, w.hidden));
  return compile(tape, training_gradients(model, layer, x, dy), model.device());
}

Program compile_chain(const Model& model, const Workload& w) {
  Tape tape(model.element());
  const auto x = tape.argument({model.element(), {w.batch, w.input}});
  Tensor y = x;
  for (std::int64_t i = 0; i < w.time; ++i) y = tanh(y);
  return compile(tape, gradients(y, {x}), model.device());
}

std::vector<Array> reference_gradients(const Model& model, const std::string& implementation,
                                       const Workload& w, const Inputs& inputs) {
  Model exact(Seed{0}, Device::reference(), ElementType::float64);
  const auto layer = make_layer(exact, implementation, w);
  for (std::size_t i = 0; i < exact.parameters().size(); ++i)
    exact.parameters()[i].assign(model.parameters()[i].value().cast(ElementType::float64));
  return compile_training(exact, layer, w)
      .run({inputs.x.cast(ElementType::float64), inputs.dy.cast(ElementType::float64)});
}

double largest_difference(const std::vector<Array>& values, const std::vector<Array>& references) {
  if (values.size() != references.size()) throw std::invalid_argument("other gradients than the reference");
  double largest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    double difference = 0, scale = 0;
    for (std::int64_t j = 0; j < references[i].size(); ++j) {
      const double error = std::abs(values[i].at(j) - references[i].at(j));
      if (!std::isfinite(error)) return std::numeric_limits<double>::max();  // JSON has no infinity
      difference = std::max(difference, error);
      scale = std::max(scale, std::abs(references[i].at(j)));
    }
    if (difference > 0) largest = std::max(largest, difference / scale);
  }
  return largest;
}

}  // namespace benchmarks
