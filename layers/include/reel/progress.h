#pragma once
/// @file
/// @ingroup training
/// A line that shows how a training goes on.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <reel/visibility.h>

namespace REEL_PUBLIC reel {

/// Shows on standard output how a training goes on: in one line redrawn on a terminal, elsewhere in a line
/// for each validation.
///
///       step   1027  loss 1.935, validation 2.263   20026 sequences/s  1:48 left
class Progress {
 public:
  /// What the losses are called, and what is counted.
  explicit Progress(std::string loss = "loss", std::string unit = "sequences");

  /// After a step over `count` of them, with the loss, which is shown averaged over recent steps, and with
  /// `seconds_left` to go, negative where that is not known. Its time is the one since the last call.
  void step(double loss, std::int64_t count, double seconds_left = -1);
  /// The loss of other data, shown from now on.
  void validation(double loss);
  /// Leaves the last line standing.
  void finish();

  /// For a TrainingCheckpoint: how many steps there were.
  template <class Checkpoint>
  void keep_in(Checkpoint& checkpoint, const std::string& name) {
    checkpoint.keep(name, steps_);
  }

 private:
  using Clock = std::chrono::steady_clock;
  void draw();

  std::string loss_name_, unit_;
  bool terminal_;
  std::int64_t steps_ = 0;                     // of the whole training
  std::int64_t timed_ = 0, finite_ = 0;        // of those seen here, and with losses that are finite
  double loss_ = 0, count_ = 0, seconds_ = 0;  // averages over recent steps
  double last_loss_ = 0;
  double seconds_left_ = -1;
  std::optional<double> validation_;
  Clock::time_point last_call_ = Clock::now();
  std::optional<Clock::time_point> drawn_;
};

}  // namespace reel
