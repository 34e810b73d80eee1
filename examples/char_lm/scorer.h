#pragma once
#include "network.h"
#include "windows.h"

namespace char_lm {

/// Measures the network on a validation text.
class Scorer {
 public:
  Scorer(reel::Model& model, const Network& network, const std::vector<Symbol>& text);

  /// Bits per character of all of the text.
  double full() { return bits_per_character(streams_.window_count()); }
  /// The same of a piece of bounded size, taken from all over the text.
  double piece() { return bits_per_character(piece_); }

 private:
  double bits_per_character(std::int64_t windows);

  ScoredStreams streams_;
  std::int64_t piece_;  // so many windows
  reel::Function<ScoringLoss> score_;
  const reel::LSTMStateOf<reel::Array> first_state_;
};

}  // namespace char_lm
