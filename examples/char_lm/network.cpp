#include "network.h"

namespace char_lm {

using namespace reel;

Network::Network(Model& model, std::int64_t vocabulary_size, std::int64_t embedding_size, std::int64_t hidden)
    // Vectors of symbols that differ clearly from the start.
    : embedding(model / "embedding", vocabulary_size, embedding_size, uniform_init(-1, 1)),
      lstm(model / "lstm", embedding_size, hidden),
      head(model / "head", hidden, vocabulary_size) {}

std::pair<Tensor, LSTMState> Network::operator()(const Tensor& symbols, const LSTMState& state) const {
  const auto [outputs, last] = unroll(lstm, embedding(symbols), state);
  return {head(outputs), last};
}

LSTMState Network::initial_state(std::int64_t batch) const { return lstm.initial_state(batch); }

std::tuple<Tensor, LSTMState> TrainingLoss::operator()(const Tensor& symbols, const Tensor& targets,
                                                       const LSTMState& state) const {
  const auto [logits, last] = (*network)(symbols, state);
  return {cross_entropy(logits, targets), last};
}

std::tuple<Tensor, LSTMState> ScoringLoss::operator()(const Tensor& symbols, const Tensor& targets,
                                                      const Tensor& counts, const LSTMState& state) const {
  const auto [logits, last] = (*network)(symbols, state);
  return {cross_entropy(logits, targets, counts), last};
}

std::tuple<Tensor, LSTMState> NextSymbol::operator()(const Tensor& symbol, const LSTMState& state) const {
  const auto [output, next] = network->lstm(network->embedding(symbol), state);
  return {network->head(output), next};
}

}  // namespace char_lm
