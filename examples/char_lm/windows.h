#pragma once
#include <reel/array.h>

#include <string>
#include <vector>

#include "vocabulary.h"

namespace char_lm {

/// A piece of every stream, int32 [time, batch]: what is read, and after each symbol the one to predict.
struct Window {
  reel::Array symbols, targets;
};

/// The training text cut into streams that are read side by side, window after window without end: a stream
/// that comes to where the next began goes on there, and at the end of the text at its beginning, so a state
/// may be carried on always.
class TrainingStreams {
 public:
  /// `text` must outlive it.
  TrainingStreams(const std::vector<Symbol>& text, std::int64_t time, std::int64_t batch);
  Window next();

  /// For a TrainingCheckpoint: where the streams are.
  template <class Checkpoint>
  void keep_in(Checkpoint& checkpoint, const std::string& name) {
    checkpoint.keep(name, positions_);
  }

 private:
  const std::vector<Symbol>* text_;
  std::int64_t time_;
  std::vector<std::size_t> positions_;  // of the streams
};

/// A window of a text to measure a model on; only the targets where bool `counts` is set are to be measured.
struct ScoredWindow {
  Window window;
  reel::Array counts;
  std::int64_t characters = 0;
};

/// All of a text as windows: every stream is an equal part of it, and begins some symbols early, which do not
/// count, so that the state knows what came before. All characters count once; separators do not.
class ScoredStreams {
 public:
  /// `text` must outlive it.
  ScoredStreams(const std::vector<Symbol>& text, std::int64_t time, std::int64_t batch);
  std::int64_t window_count() const { return early_ + counting_; }
  ScoredWindow window(std::int64_t number) const;

 private:
  const std::vector<Symbol>* text_;
  std::int64_t time_, batch_;
  std::int64_t part_;              // targets of a stream that count
  std::int64_t early_, counting_;  // windows
};

}  // namespace char_lm
