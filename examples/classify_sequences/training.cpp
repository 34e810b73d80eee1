#include "training.h"

#include <reel/reel.h>

#include <chrono>
#include <cmath>
#include <cstdio>

namespace classify_sequences {

using namespace reel;

namespace {

constexpr std::size_t batch_size = 100;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// What is subtracted from each bin, and what it is then divided by, for a mean of 0 and a width of 1.
struct Scale {
  std::vector<double> mean, width;
};

Scale scale_of(const Array& x) {
  Scale scale{std::vector<double>(bins), std::vector<double>(bins)};
  const auto rows = static_cast<double>(x.size() / bins);
  const auto bin_of = [](std::int64_t i) { return static_cast<std::size_t>(i % bins); };
  for (std::int64_t i = 0; i < x.size(); ++i) scale.mean[bin_of(i)] += x.at(i) / rows;
  for (std::int64_t i = 0; i < x.size(); ++i)
    scale.width[bin_of(i)] += std::pow(x.at(i) - scale.mean[bin_of(i)], 2) / rows;
  for (auto& width : scale.width) width = std::sqrt(width);
  return scale;
}

/// Changes x W + b so that it gives for x what it gave for x in that scale.
void take_in_scale(const Parameter& matrix, const Parameter& bias, const Scale& scale) {
  auto W = matrix.value().cast(ElementType::float64), b = bias.value().cast(ElementType::float64);
  const auto weights = W.view<double, 2>();
  for (std::int64_t bin = 0; bin < bins; ++bin)
    for (std::int64_t unit = 0; unit < b.size(); ++unit) {
      const auto i = static_cast<std::size_t>(bin);
      weights(bin, unit) /= scale.width[i];
      b.data<double>()[unit] -= weights(bin, unit) * scale.mean[i];
    }
  matrix.assign(W.cast(matrix.value().element()));
  bias.assign(b.cast(bias.value().element()));
}

}  // namespace

void begin_in_scale(const Model& model, const Events& training) {
  const auto scale = scale_of(training.x);
  for (const auto& parameter : model.parameters()) {
    const auto& name = parameter.name();
    const auto gate = name.substr(0, name.rfind('/'));
    // The recurrent layer alone has matrices of that name: one for each gate.
    if (name == gate + "/W") take_in_scale(parameter, model.parameter(gate + "/b"), scale);
  }
}

TMVADescription describe(const std::string& cell) {
  TMVARecurrent recurrent;
  recurrent.kind = cell == "rnn"    ? TMVARecurrent::Kind::rnn
                   : cell == "lstm" ? TMVARecurrent::Kind::lstm
                                    : TMVARecurrent::Kind::gru;
  recurrent.hidden = 10;
  TMVADescription description;
  description.name = cell;
  description.steps = steps;
  description.inputs = bins;
  description.layers = {recurrent, TMVAReshape{}, TMVADense{64, TMVAActivation::tanh}, TMVADense{1}};
  return description;
}

History train(Model& model, const TMVANetwork& network, const Events& training, const Events& validation,
              int epochs, Seed seed) {
  const auto loss_of = [&](Tensor x, Tensor y) { return binary_cross_entropy(network(x), y); };
  TrainingStep step(model, Adam(1e-3), loss_of);
  Function loss(model, loss_of);
  BestWeights best(model);
  EarlyStopping patience(5);
  History history;
  const auto start = std::chrono::steady_clock::now();
  for (int epoch = 0; epoch < epochs && !patience.is_over(); ++epoch) {
    double sum = 0;
    const auto batches =
        shuffled_batches(static_cast<std::size_t>(training.count()), batch_size, seed, epoch);
    for (const auto& batch : batches) sum += step(rows(training.x, batch), rows(training.y, batch)).item();
    history.steps += static_cast<std::int64_t>(batches.size());
    history.training.push_back(sum / static_cast<double>(batches.size()));
    history.validation.push_back(loss(validation.x, validation.y).item());
    if (best.offer(history.validation.back())) history.best = history.validation.size() - 1;
    patience.after(history.validation.back());
    std::printf("  epoch %2d  loss %.4f, validation %.4f\n", epoch + 1, history.training.back(),
                history.validation.back());
  }
  history.seconds = seconds_since(start);
  best.restore();
  return history;
}

std::vector<double> scores(Model& model, const TMVANetwork& network, const Events& events) {
  Function answer(model, [&](Tensor x) { return network.output(network(x)); });
  const Array answers = answer(events.x);
  std::vector<double> scores;
  for (std::int64_t i = 0; i < answers.size(); ++i) scores.push_back(answers.at(i));
  return scores;
}

}  // namespace classify_sequences
