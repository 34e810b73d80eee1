#include <reel/progress.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace reel {

namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Progress::Progress(std::string loss, std::string unit)
    : loss_name_(std::move(loss)), unit_(std::move(unit)), terminal_(::isatty(STDOUT_FILENO)) {}

void Progress::step(double loss, std::int64_t count, double seconds_left) {
  ++steps_;
  ++timed_;
  // A plain mean at first, then one over about the last 50 steps.
  const auto weight_of = [](std::int64_t n) { return std::max(1.0 / static_cast<double>(n), 0.02); };
  const double weight = weight_of(timed_);
  // One that is not finite is shown as it is, and left out of the average.
  last_loss_ = loss;
  if (std::isfinite(loss)) loss_ += weight_of(++finite_) * (loss - loss_);
  count_ += weight * (static_cast<double>(count) - count_);
  seconds_ += weight * (seconds_since(last_call_) - seconds_);
  seconds_left_ = seconds_left;
  last_call_ = Clock::now();
  if (terminal_ && (!drawn_ || seconds_since(*drawn_) > 0.2)) draw();
}

void Progress::validation(double loss) {
  validation_ = loss;
  draw();
  last_call_ = Clock::now();
}

void Progress::finish() {
  if (!drawn_ && timed_ > 0) draw();
  if (terminal_) std::printf("\n");
}

void Progress::draw() {
  const auto training = timed_ > 0 ? number(std::isfinite(last_loss_) ? loss_ : last_loss_) : "-",
             validation = validation_ ? number(*validation_) : "-";
  const auto rate = timed_ > 0 ? std::to_string(std::llround(count_ / std::max(seconds_, 1e-9))) : "-";
  std::printf("%sstep %6lld  %s %5s, validation %5s  %6s %s/s", terminal_ ? "\r" : "",
              static_cast<long long>(steps_), loss_name_.c_str(), training.c_str(), validation.c_str(),
              rate.c_str(), unit_.c_str());
  if (seconds_left_ >= 0) {
    const auto left = static_cast<long>(seconds_left_ + 0.5);
    std::printf("  %ld:%02ld left", left / 60, left % 60);
  }
  std::printf("%s", terminal_ ? "\x1b[K" : "\n");
  std::fflush(stdout);
  drawn_ = Clock::now();
}

}  // namespace reel
