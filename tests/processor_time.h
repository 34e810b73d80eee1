#pragma once
#include <sys/resource.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <limits>

/// Times for tests: compared with one another, never with a number of seconds, which is another on every
/// machine.
namespace reel::test {

/// Seconds that this process had of the processors, in all threads. What others take is not in them, but
/// others slow down caches and memory.
inline double processor_seconds(const std::function<void()>& f) {
  const auto start = std::clock();
  f();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

/// The same without the time of the system, which clears memory that is new to a process: of what has less
/// memory, and uses it again, it takes little. For what takes seconds, as Linux divides time by samples.
inline double seconds_of_program(const std::function<void()>& f) {
  const auto now = [] {
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec) + 1e-6 * static_cast<double>(usage.ru_utime.tv_usec);
  };
  const auto start = now();
  f();
  return now() - start;
}

/// How many times as long `large` takes as `half` done twice, once before and once after it. The least of
/// some tries, up to the first one of at most `enough`: what disturbs a try is gone in the next one, while
/// what truly grows is more in each.
inline double growth(const std::function<void()>& large, const std::function<void()>& half, double enough,
                     double (*seconds)(const std::function<void()>&) = processor_seconds) {
  double least = std::numeric_limits<double>::infinity();
  for (int tries = 0; tries < 4 && !(least <= enough); ++tries) {
    const double before = seconds(half), between = seconds(large), after = seconds(half);
    least = std::min(least, between / (before + after));
  }
  return least;
}

}  // namespace reel::test
