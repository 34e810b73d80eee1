#pragma once
#include <chrono>
#include <cstdint>
#include <optional>

namespace char_lm {

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Shows how a training goes on: in one line redrawn on a terminal, elsewhere a line for each validation.
class Progress {
 public:
  /// With `seconds_left` to go.
  explicit Progress(double seconds_left);

  /// After a step that read `characters` in `seconds` at a loss of `bits` per character, with
  /// `seconds_left` to go.
  void step(std::int64_t characters, double bits, double seconds, double seconds_left);
  void validation(double bits);
  /// Leaves the last line standing.
  void finish();

 private:
  void draw();

  bool terminal_;
  std::int64_t steps_ = 0;
  /// Averages over recent steps.
  double bits_ = 0, characters_ = 0, seconds_ = 0;
  double seconds_left_;
  std::optional<double> validation_;
  std::optional<Stopwatch> since_drawn_;
};

}  // namespace char_lm
