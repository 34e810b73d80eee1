#include "progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

namespace char_lm {

namespace {

std::string bits_text(double bits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", bits);
  return text;
}

}  // namespace

Progress::Progress(double seconds_left) : terminal_(::isatty(STDOUT_FILENO)), seconds_left_(seconds_left) {}

void Progress::step(std::int64_t characters, double bits, double seconds, double seconds_left) {
  ++steps_;
  // A plain mean at first, then one over about the last 50 steps.
  const double weight = std::max(1.0 / static_cast<double>(steps_), 0.02);
  bits_ += weight * (bits - bits_);
  characters_ += weight * (static_cast<double>(characters) - characters_);
  seconds_ += weight * (seconds - seconds_);
  seconds_left_ = seconds_left;
  if (terminal_ && (!since_drawn_ || since_drawn_->seconds() > 0.2)) draw();
}

void Progress::validation(double bits) {
  validation_ = bits;
  draw();
}

void Progress::finish() {
  if (terminal_) std::printf("\n");
}

void Progress::draw() {
  const auto training = steps_ > 0 ? bits_text(bits_) : "-";
  const auto validation = validation_ ? bits_text(*validation_) : "-";
  const auto rate = steps_ > 0 ? std::to_string(std::llround(characters_ / std::max(seconds_, 1e-9))) : "-";
  const int left = static_cast<int>(std::max(seconds_left_, 0.0) + 0.5);
  std::printf("%sstep %6lld  bits/char %5s, validation %5s  %6s chars/s  %d:%02d left%s",
              terminal_ ? "\r" : "", static_cast<long long>(steps_), training.c_str(), validation.c_str(),
              rate.c_str(), left / 60, left % 60, terminal_ ? "\x1b[K" : "\n");
  std::fflush(stdout);
  since_drawn_.emplace();
}

}  // namespace char_lm
