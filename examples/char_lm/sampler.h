#pragma once
#include <random>

#include "network.h"
#include "vocabulary.h"

namespace char_lm {

/// Writes text as the network would go on, one character at a time.
class Sampler {
 public:
  /// `temperature`: below 1 the likely is preferred, above 1 the unlikely gets a better chance.
  Sampler(reel::Model& model, const Network& network, const Vocabulary& vocabulary, double temperature,
          std::uint64_t seed);

  /// Up to `length` characters after `prompt` at the beginning of a file; fewer where the file ends.
  std::string sample(const std::string& prompt, int length);

 private:
  Symbol draw(const reel::Array& logits);

  const Vocabulary& vocabulary_;
  double temperature_;
  std::mt19937_64 random_;
  reel::Stream<NextSymbol, reel::LSTMState> next_;
};

}  // namespace char_lm
