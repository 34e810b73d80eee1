#pragma once
#include <functional>
#include <string>

/// Pairs of programs whose times are compared in turn.
namespace benchmarks {

/// One run of a program each time it is called.
using Run = std::function<void()>;

struct Pair {
  std::string name;
  /// What the ratio of the first's time to the second's is to be at most.
  double most;
  /// Makes both programs and runs them once.
  std::function<std::pair<Run, Run>()> make;
  /// What the first's time is divided by: how often it does what the second does.
  double times = 1;
};

}  // namespace benchmarks
