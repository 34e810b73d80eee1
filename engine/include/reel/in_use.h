#pragma once
/// @cond
/// @file
/// A guard against two threads in one place.
#include <atomic>

#include "element_type.h"

namespace REEL_PUBLIC reel {

/// Whether somebody uses something that only one thread may use at a time.
class InUse {
 public:
  InUse() = default;
  /// Whoever moves a thing is its only user.
  /// @{
  InUse(InUse&&) noexcept {}
  InUse& operator=(InUse&&) noexcept { return *this; }
  /// @}

 private:
  friend class Using;
  std::atomic_flag flag_ = ATOMIC_FLAG_INIT;
};

/// The use of it, from construction to destruction.
class Using {
 public:
  /// Throws Error, naming `what`, where it is in use.
  Using(InUse& use, const char* what) : flag_(use.flag_) {
    if (flag_.test_and_set(std::memory_order_acquire))
      throw Error(
          "[" + std::string(what) +
          "] is already running: each thread needs one of its own, a function cannot call itself, and "
          "neither can a process use it that was forked in the midst of a run");
  }
  ~Using() { flag_.clear(std::memory_order_release); }
  Using(const Using&) = delete;
  Using& operator=(const Using&) = delete;

 private:
  std::atomic_flag& flag_;
};

}  // namespace reel
/// @endcond
