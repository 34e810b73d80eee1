// The threads of a device, between runs.

#include <reel/reel.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "catch.h"
#include "devices.h"

using namespace reel;

namespace {

/// What the system says of all threads of this process but the one that asks.
struct OtherThreads {
  int count = 0, asleep = 0;
  long long switches = 0;  // how often they were given a processor
};

OtherThreads other_threads() {
  OtherThreads found;
  const auto self = std::to_string(syscall(SYS_gettid));
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    if (thread.path().filename() == self) continue;
    ++found.count;
    std::ifstream status(thread.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (line.rfind("State:\tS", 0) == 0) ++found.asleep;
      const auto colon = line.find("ctxt_switches:");
      if (colon != std::string::npos) found.switches += std::stoll(line.substr(line.find('\t')));
    }
  }
  return found;
}

/// All other threads are asleep, and none woke up for a while.
bool others_sleep() {
  const auto before = other_threads();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const auto after = other_threads();
  return before.asleep == before.count && after.asleep == after.count && before.switches == after.switches;
}

}  // namespace

TEST_CASE("an idle device uses no processor: its threads sleep") {
  Model model(Seed{2}, test::divided_among(4));
  const LSTM cell(model / "cell", 6, 24);
  Function predict(model, [&](Tensor x) { return unroll(cell, x, cell.initial_state(4)).outputs; });
  predict(Array(Shape{8, 4, 6}, ElementType::float32));
  REQUIRE(other_threads().count >= 3);
  // How soon they come to sleep, on a machine that is busy, is the system's affair. One that spins or polls
  // never does.
  bool asleep = false;
  for (int looks = 0; looks < 250 && !asleep; ++looks) asleep = others_sleep();
  CHECK(asleep);
}
