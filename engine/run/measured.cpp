#include "run/measured.h"

#include <chrono>

namespace reel {

Profile measured(const plan::Plan& plan, int runs, std::vector<WorkTime>*& times,
                 const std::function<void()>& run) {
  using Clock = std::chrono::steady_clock;
  std::vector<WorkTime> noted(plan.work.size());
  run();
  times = &noted;
  const auto start = Clock::now();
  try {
    for (int i = 0; i < runs; ++i) run();
  } catch (...) {
    times = nullptr;
    throw;
  }
  times = nullptr;
  Profile profile;
  profile.microseconds = std::chrono::duration<double, std::micro>(Clock::now() - start).count() / runs;
  for (std::size_t i = 0; i < noted.size(); ++i) {
    const auto& [seconds, waiting, calls] = noted[i];
    if (calls == 0) continue;
    const auto& note = plan.notes[i];
    profile.lines.push_back({note.what, note.origin.scope, note.operands, 1e6 * seconds / runs,
                             1e6 * waiting / runs, calls / runs});
  }
  return profile;
}

}  // namespace reel
