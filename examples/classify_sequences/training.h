#pragma once
#include <reel/tmva.h>

#include "events.h"

namespace classify_sequences {

/// What a training looked like.
struct History {
  std::vector<double> training, validation;  // loss by epoch
  std::size_t best = 0;                      // epoch of the weights that were kept
  std::int64_t steps = 0;
  double seconds = 0;  // without making the events
};

/// The network of the tutorial: a recurrent layer of 10 units, all its steps side by side, 64 units with tanh
/// and 1 logit.
reel::TMVADescription describe(const std::string& cell);

/// Changes the first weights of the recurrent layer to what they would be for bins of mean 0 and width 1 over
/// the events of training. A bin counts about 33 values: weights meant for such numbers as 1 drive the gates
/// to where their slopes are nearly 0, and what a unit begins with decides what it can learn. The scale is
/// part of the weights and not of the data, so that the network reads events as they are, in TMVA too.
void begin_in_scale(const reel::Model& model, const Events& training);

/// Adam at 1e-3 on batches of 100, at most `epochs`, until 5 of them in a row were no better on the events of
/// validation; the network is left with the weights that were best there.
History train(reel::Model& model, const reel::TMVANetwork& network, const Events& training,
              const Events& validation, int epochs, reel::Seed seed);

/// The network's answer for each event: larger for signal.
std::vector<double> scores(reel::Model& model, const reel::TMVANetwork& network, const Events& events);

}  // namespace classify_sequences
