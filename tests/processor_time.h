#pragma once
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

/// How many times as long `large` takes as `half` done twice, once before and once after it. The least of
/// some tries, up to the first one of at most `enough`: what disturbs a try is gone in the next one, while
/// what truly grows is more in each.
inline double growth(const std::function<void()>& large, const std::function<void()>& half, double enough) {
  double least = std::numeric_limits<double>::infinity();
  for (int tries = 0; tries < 4 && !(least <= enough); ++tries) {
    const double before = processor_seconds(half), between = processor_seconds(large),
                 after = processor_seconds(half);
    least = std::min(least, between / (before + after));
  }
  return least;
}

}  // namespace reel::test
