#pragma once
#include <functional>

namespace benchmarks {

/// How often something is run before and while it is timed.
struct Protocol {
  int warm_ups = 10;
  int runs = 50;       // at least
  int long_runs = 7;   // at least, where one takes over 0.1 s
  double seconds = 1;  // short runs go on for so long
  /// For comparisons: neither memory nor whether results are right, but also the first call of a process.
  bool only_times = false;

  /// For tests, which look at the results and not at the times.
  static Protocol quick() { return {1, 3, 3, 0}; }

  /// For comparisons, which take the median of many processes. For 0.05 s a device of several threads finds
  /// out whether they help: most of the runs are to come after that.
  static Protocol comparing(int threads) { return {1, 1, 1, threads > 1 ? 0.12 : 0.06, true}; }
};

/// Milliseconds of the processors that one run takes, in all threads. Of what runs but once, in one thread,
/// this is its duration on a machine that does nothing else.
double processor_ms(const std::function<void()>& run);

/// Median duration in milliseconds.
double median_ms(const Protocol& protocol, const std::function<void()>& run);

/// The most memory this process has held so far, in MB.
double peak_resident_mb();

}  // namespace benchmarks
