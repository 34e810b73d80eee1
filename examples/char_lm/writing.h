#pragma once
#include <functional>
#include <string>

namespace char_lm {

/// A file that is written again and again during a training. That it cannot be written is told and does not
/// end the training: the disk may have room again by the next time.
class Writing {
 public:
  /// What the file is, for what is told, and what writes it; nothing does where it is not wanted.
  Writing(std::string what, std::function<void()> write) : what_(std::move(what)), write_(std::move(write)) {}

  /// Writes it.
  void operator()();
  /// Whether it was written, and the last time too.
  bool is_there() const { return is_written_ && failure_.empty(); }
  /// Why it could not be written the last time; empty where it could.
  const std::string& failure() const { return failure_; }

 private:
  std::string what_, failure_;
  std::function<void()> write_;
  bool is_written_ = false;
};

}  // namespace char_lm
