#pragma once
#include <reel/reel.h>

#include <tuple>
#include <utility>

namespace char_lm {

/// Embedding -> LSTM -> linear: scores for the symbol that comes next.
struct Network {
  reel::Embedding embedding;
  reel::LSTM lstm;
  reel::Linear head;

  Network(reel::Model& model, std::int64_t vocabulary_size, std::int64_t embedding_size, std::int64_t hidden);

  /// Symbols [time, batch] -> logits [time, batch, vocabulary], and the state to go on from.
  std::pair<reel::Tensor, reel::LSTMState> operator()(const reel::Tensor& symbols,
                                                      const reel::LSTMState& state) const;

  /// The state before any symbol: zeros.
  reel::LSTMState initial_state(std::int64_t batch) const;
};

// What the programs compute. Each takes the state of its streams and returns the one to go on from.

/// Mean loss in nats over all targets [time, batch].
struct TrainingLoss {
  const Network* network;
  std::tuple<reel::Tensor, reel::LSTMState> operator()(const reel::Tensor& symbols,
                                                       const reel::Tensor& targets,
                                                       const reel::LSTMState& state) const;
};

/// Mean loss in nats over the targets [time, batch] that `counts` marks.
struct ScoringLoss {
  const Network* network;
  std::tuple<reel::Tensor, reel::LSTMState> operator()(const reel::Tensor& symbols,
                                                       const reel::Tensor& targets,
                                                       const reel::Tensor& counts,
                                                       const reel::LSTMState& state) const;
};

/// One symbol [batch] further: logits [batch, vocabulary].
struct NextSymbol {
  const Network* network;
  std::tuple<reel::Tensor, reel::LSTMState> operator()(const reel::Tensor& symbol,
                                                       const reel::LSTMState& state) const;
};

}  // namespace char_lm
