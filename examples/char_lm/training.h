#pragma once
#include "network.h"
#include "scorer.h"
#include "writing.h"

namespace char_lm {

/// How to train, and for how long: whichever bound is reached first.
struct Training {
  std::int64_t time = 64, batch = 8;
  double learning_rate = 0.01;
  std::uint64_t seed = 1;
  double minutes = 2;      // 0: no bound
  std::int64_t steps = 0;  // 0: no bound
  /// Where the first weights come from, those of an earlier training: they are replaced by better ones only.
  /// Drawn at random if empty.
  std::string start;
  /// File from which the training goes on where it is there, and in which it is kept meanwhile; none if
  /// empty.
  std::string checkpoint;
};

/// How a training ended.
struct Ending {
  std::int64_t steps = 0;
  bool was_interrupted = false;
  /// Why the training is not kept as it is now; empty where it is, or need not be.
  std::string checkpoint_failure;
};

/// Trains on `text` and shows how it goes; stops early when the program is interrupted (reel::Interrupts).
/// Now and then it measures on a piece of the validation text; `keep` writes them each time that is better
/// than before, and those are the weights in the end.
Ending train(reel::Model& model, const Network& network, const std::vector<Symbol>& text, Scorer& scorer,
             const Training& training, Writing& keep);

}  // namespace char_lm
