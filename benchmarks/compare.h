#pragma once
#include <string>

namespace benchmarks {

struct Comparison {
  /// The benchmarks of the other build; they must know `--measure ... --compare-times`, as these do.
  std::string old_program;
  /// Patterns of workloads and implementations. Without the second: Reel's stock layers, and other
  /// cells up to 256 units in one thread.
  std::string only, implementation;
  int pairs = 15;
  double time_limit = 180;
};

/// Measures the old build and this one in turn, each measurement a process of its own, and prints what the
/// times of this one are over those of the old one. Throws std::runtime_error where a measurement fails,
/// std::invalid_argument where there is nothing to compare.
void compare(const Comparison& comparison);

}  // namespace benchmarks
