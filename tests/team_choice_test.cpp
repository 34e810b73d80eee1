// Whether a program runs with its team or alone, decided from durations that are made up here: no time is
// measured.

#include "run/cpu/threads/team_choice.h"

#include <algorithm>
#include <vector>

#include "catch.h"

using reel::cpu::TeamChoice;

namespace {

/// Runs of a program, each of the duration that its kind has then.
struct Runs {
  TeamChoice choice;
  std::vector<bool> alone = {};  // of each run
  double seconds = 0, seconds_together = 0;

  /// Returns how many of these runs were made alone.
  int run(int count, double together, double by_itself) {
    int runs_alone = 0;
    for (int i = 0; i < count; ++i) {
      const bool now = choice.alone();
      const auto duration = now ? by_itself : together;
      choice.note(now, duration);
      alone.push_back(now);
      runs_alone += now;
      seconds += duration;
      if (!now) seconds_together += duration;
    }
    return runs_alone;
  }
  /// How often it went from one way to the other.
  int changes() const {
    int changes = 0;
    for (std::size_t i = 1; i < alone.size(); ++i) changes += alone[i] != alone[i - 1];
    return changes;
  }
};

}  // namespace

TEST_CASE("a program runs with its team first, then alone, and then in the faster way") {
  Runs faster_together;
  faster_together.run(60, 0.01, 0.02);
  CHECK(!faster_together.alone.front());
  CHECK(faster_together.changes() == 2);  // together, alone, together
  CHECK(!faster_together.alone.back());

  Runs faster_alone;
  faster_alone.run(60, 0.02, 0.01);
  CHECK(!faster_alone.alone.front());
  CHECK(faster_alone.changes() == 1);
  CHECK(faster_alone.alone.back());
}

TEST_CASE("each way is tried several times, and for long enough where runs are short") {
  Runs slow;
  slow.run(12, 1, 2);
  const auto alone = std::count(slow.alone.begin(), slow.alone.end(), true);
  CHECK(alone >= 2);
  CHECK(std::find(slow.alone.begin(), slow.alone.end(), true) - slow.alone.begin() >= 3);

  constexpr double microsecond = 1e-6;
  Runs quick;
  CHECK(quick.run(10000, microsecond, 2 * microsecond) == 0);
  CHECK(quick.run(100000, microsecond, 2 * microsecond) > 1000);
}

TEST_CASE("it is not decided by how the first run of a kind went") {
  Runs cold;
  cold.run(1, 5, 1);  // finds caches cold
  cold.run(40, 0.01, 0.02);
  CHECK(!cold.alone.back());
  Runs cold_alone;
  while (!cold_alone.choice.alone()) cold_alone.run(1, 0.02, 0.01);
  cold_alone.run(1, 0.02, 0.3);
  cold_alone.run(5, 0.02, 0.01);
  CHECK(cold_alone.alone.back());
}

TEST_CASE("a team that is fast only now and then is slow") {
  Runs runs;
  // One in five runs is by far the fastest of all.
  while (!runs.choice.alone()) runs.run(1, runs.alone.size() % 5 == 2 ? 0.001 : 0.02, 0.01);
  runs.run(10, 0.02, 0.01);
  CHECK(runs.alone.back());
}

TEST_CASE("the two ways are compared again after a while, which takes little of the time") {
  for (const double duration : {0.0001, 0.01, 0.5}) {
    Runs runs;
    while (runs.seconds < 500 * duration + 100) runs.run(1, 2 * duration, duration);
    CHECK(runs.changes() >= 4);
    CHECK(runs.seconds_together < 0.15 * runs.seconds);
  }
}

TEST_CASE("alone, it finds out that the team has become fast") {
  Runs runs;
  runs.run(60, 0.02, 0.01);
  REQUIRE(runs.alone.back());
  CHECK(runs.run(1500, 0.001, 0.01) < 500);
  CHECK(!runs.alone.back());
}

TEST_CASE("together, it soon finds out that the team has become slow") {
  Runs runs;
  runs.run(20, 0.5, 1);
  REQUIRE(!runs.alone.back());
  auto other = runs;
  // Long before it would compare again.
  int count = 0;
  for (; !runs.choice.alone() && count < 1000; ++count) runs.run(1, 1.5, 1);
  CHECK(count < 30);
  runs.run(20, 1.5, 1);
  CHECK(runs.alone.back());
  CHECK(other.run(60, 0.5, 1) == 0);
}

TEST_CASE("a few slow runs of the team are no reason to compare again") {
  Runs runs;
  runs.run(60, 0.01, 0.02);
  REQUIRE(!runs.alone.back());
  runs.run(2, 0.05, 0.02);
  CHECK(runs.run(40, 0.01, 0.02) == 0);
}
