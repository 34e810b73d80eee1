#pragma once
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
};

}  // namespace reel
