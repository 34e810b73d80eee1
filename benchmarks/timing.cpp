#include "timing.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <numeric>
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

double processor_ms(const std::function<void()>& run) {
  const auto start = std::clock();
  run();
  return 1e3 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

double median_ms(const Protocol& protocol, const std::function<void()>& run) {
  constexpr double long_ms = 100;
  run();  // what is allocated once belongs to no run
  std::vector<double> durations{duration_ms(run)};
  const bool is_long = durations.front() > long_ms;
  const int warm_ups = is_long ? std::min(protocol.warm_ups, 3) : protocol.warm_ups;
  if (warm_ups > 1) durations.clear();
  for (int i = 2; i < warm_ups; ++i) run();
  const std::size_t least = is_long ? protocol.long_runs : protocol.runs;
  double total = std::accumulate(durations.begin(), durations.end(), 0.0);
  while (durations.size() < least || total < protocol.seconds * 1e3) {
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
