// A training that is killed again and again, and resumed each time.

#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "a_training.h"
#include "child.h"
#include "directory.h"

using namespace reel;
using namespace reel::test;

namespace {

constexpr std::int64_t all_steps = 3000, steps_between_saves = 3;

/// What a training writes down of each step, as it takes it.
struct Logged {
  std::int64_t step;
  float loss;
};

/// Trains to the end, from a checkpoint where there is one.
void train(const std::string& checkpoint_path, const std::string& log_path, int threads) {
  const int log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ATraining training(Device::cpu(threads));
  TrainingCheckpoint checkpoint(training.model, checkpoint_path);
  training.keep_in(checkpoint);
  checkpoint.resume();
  while (training.steps < all_steps) {
    const Logged logged{training.steps, training.go_on()};
    if (::write(log, &logged, sizeof logged) != sizeof logged) throw Error("the log cannot be written");
    if (training.steps % steps_between_saves == 0) checkpoint.save();
  }
  ::close(log);
}

/// A process that trains, and is killed after a while unless it has ended. Whether it was killed.
bool train_and_kill(const std::string& checkpoint_path, const std::string& log_path, int threads,
                    std::chrono::microseconds after) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    try {
      train(checkpoint_path, log_path, threads);
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  std::this_thread::sleep_for(after);
  ::kill(child, SIGKILL);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFEXITED(status)) REQUIRE(WEXITSTATUS(status) == 0);
  return WIFSIGNALED(status);
}

std::vector<Logged> read_log(const std::string& path) {
  const auto text = read(path);
  REQUIRE(text.size() % sizeof(Logged) == 0);
  std::vector<Logged> log(text.size() / sizeof(Logged));
  std::memcpy(log.data(), text.data(), text.size());
  return log;
}

}  // namespace

TEST_CASE("a training killed at 50 moments and resumed takes the steps of one that never was",
          "[files][checkpoint][slow]") {
  if (!forks_with_threads) {
    WARN("skipped: beside sanitizers a process with threads cannot be copied");
    return;
  }
  const int threads = GENERATE(1, 2);
  CAPTURE(threads);
  const Directory directory;
  const auto log_path = directory / "log";
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  write(log_path, "");
  train(directory / "whole", directory / "whole log", threads);
  const auto whole_time = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
  const auto whole = read_log(directory / "whole log");
  REQUIRE(whole.size() == static_cast<std::size_t>(all_steps));

  std::mt19937_64 random(static_cast<std::uint64_t>(threads));
  // Beside other programs a training takes longer to begin: those that were killed before their first step
  // tell nothing, and the next one lives longer.
  auto longest = whole_time / 8;
  std::set<std::size_t> begins;  // what a process logged first
  int kills = 0;
  while (kills < 50) {
    const auto size = read(log_path).size();
    begins.insert(size / sizeof(Logged));
    const std::chrono::microseconds moment(random() % static_cast<std::uint64_t>(longest.count() + 1));
    if (!train_and_kill(directory / "c", log_path, threads, moment)) {
      // At its end before the last kill: the next training begins anew.
      std::filesystem::remove(directory / "c");
    } else if (read(log_path).size() == size) {
      longest += longest / 16;
    } else {
      ++kills;
    }
  }
  train(directory / "c", log_path, threads);
  const auto log = read_log(log_path);
  for (std::size_t i = 0; i < log.size(); ++i) {
    CAPTURE(i, log[i].step);
    REQUIRE(log[i].loss == whole[static_cast<std::size_t>(log[i].step)].loss);
    if (i == 0) continue;
    const auto before = log[i - 1].step;
    const bool goes_on = log[i].step == before + 1, begins_anew = before == all_steps - 1 && log[i].step == 0;
    // At most the steps since the last save are taken again.
    if (!goes_on && !begins_anew) REQUIRE(before - log[i].step < steps_between_saves);
  }
  // Otherwise most were killed before their first save, and this told little.
  CHECK(std::count_if(begins.begin(), begins.end(), [&](std::size_t i) { return log[i].step > 0; }) >= 25);
  CHECK(log.back().step == all_steps - 1);
}
