#include "training.h"

#include <reel/reel.h>

#include <chrono>
#include <cstdio>

namespace classify_sequences {

using namespace reel;

namespace {

constexpr std::size_t batch_size = 100;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

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
