#pragma once
#include <cstdint>
#include <string>

#include "array.h"

namespace reel {

/// Memory that outlives a run: a parameter of a model, or what an optimiser remembers of one. Read by the
/// tape's parameter node, written by an update. Its type never changes.
struct Variable {
  std::string name;
  Array value;
  /// An int64 scalar that counts runs: each run that reads it takes the next number, whatever other threads
  /// do.
  bool counts_runs = false;
  /// Goes up whenever `value` is written, by an update, assign() or load(); who writes it otherwise counts it
  /// up. Programs keep what they made of a parameter while it stays.
  std::uint64_t version = 1;
};

}  // namespace reel
