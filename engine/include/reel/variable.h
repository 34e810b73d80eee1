#pragma once
/// @file
/// @ingroup functions
/// Memory that outlives a run.
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "array.h"

namespace REEL_PUBLIC reel {

/// Memory that outlives a run: a parameter of a model, or what an optimiser remembers of one. Read by the
/// tape's parameter node, written by an update. Its type never changes. It knows where its newest value is:
/// in the host's memory, or on a device from which it is fetched when the host wants to see it.
///
/// Several threads may read it at the same time. While one writes, by write(), overwrite() or a program that
/// updates it, no other may read or write.
class Variable {
 public:
  /// One that `counts_runs` is an int64 scalar: see next_run().
  explicit Variable(std::string name, Array value, bool counts_runs = false);
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

  /// What errors call it: "cell/forget/W".
  const std::string& name() const { return name_; }
  /// Element type and shape.
  const TensorType& type() const { return value_.type(); }
  /// Whether next_run() counts it up.
  bool counts_runs() const { return counts_runs_; }
  /// Goes up whenever the value is written, so that programs and devices keep what they made of it while it
  /// stays.
  std::uint64_t version() const { return version_; }

  /// The newest value, in the host's memory. To be called again once a program may have written it.
  const Array& read() const;
  /// The same, to be changed by the caller at once. To be called again before each later change.
  Array& write();
  /// To be written over as a whole; what it holds before is not fetched.
  Array& overwrite();

  /// A device has written the value in its own memory: `fetch` copies it into an array of the variable's type
  /// as long as it is the newest.
  void written_elsewhere(std::function<void(Array&)> fetch);

  /// The number of a run, which no other run has, whatever other threads do: what is stored, which is counted
  /// up.
  std::int64_t next_run();

 private:
  const std::string name_;
  const bool counts_runs_;
  std::atomic<std::uint64_t> version_{1};
  mutable Array value_;
  mutable std::mutex fetching_;
  mutable std::atomic<bool> is_elsewhere_{false};
  mutable std::function<void(Array&)> fetch_;
};

}  // namespace reel
