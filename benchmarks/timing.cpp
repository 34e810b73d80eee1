#include "timing.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <vector>

namespace benchmarks {

namespace {

double duration_ms(const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

double median_ms(const Protocol& protocol, const std::function<void()>& run) {
  constexpr double long_ms = 100;
  run();  // what is allocated once belongs to no run
  const bool is_long = duration_ms(run) > long_ms;
  for (int i = 2; i < (is_long ? 3 : protocol.warm_ups); ++i) run();
  const std::size_t least = is_long ? protocol.long_runs : protocol.runs;
  std::vector<double> durations;
  for (double total = 0; durations.size() < least || total < protocol.seconds * 1e3;) {
    durations.push_back(duration_ms(run));
    total += durations.back();
  }
  const auto middle = durations.begin() + durations.size() / 2;
  std::nth_element(durations.begin(), middle, durations.end());
  return *middle;
}

double peak_resident_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmHWM:", 0) == 0) return std::stod(line.substr(6)) / 1024;
  return 0;
}

}  // namespace benchmarks
