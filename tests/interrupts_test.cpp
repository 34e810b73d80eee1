#include <reel/error.h>
#include <reel/interrupts.h>

#include <csignal>
#include <optional>

#include "child.h"

using namespace reel;
using namespace reel::test;

namespace {

volatile std::sig_atomic_t own_calls = 0;
void count_call(int) { own_calls = own_calls + 1; }

}  // namespace

TEST_CASE("the first interrupt is noted, the second does what it would have done") {
  const int first = GENERATE(SIGINT, SIGTERM), second = GENERATE(SIGINT, SIGTERM);
  own_calls = 0;
  std::signal(SIGINT, count_call);
  std::signal(SIGTERM, count_call);
  std::optional<Interrupts> interrupts;
  interrupts.emplace();
  CHECK_FALSE(Interrupts::noted());
  std::raise(first);
  CHECK(Interrupts::noted());
  CHECK(own_calls == 0);
  std::raise(second);
  CHECK(own_calls == 1);
  interrupts.reset();
  CHECK(Interrupts::noted());
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

TEST_CASE("what signals did before they do again afterwards") {
  std::signal(SIGINT, count_call);
  own_calls = 0;
  { const Interrupts interrupts; }
  CHECK_FALSE(Interrupts::noted());
  std::raise(SIGINT);
  CHECK(own_calls == 1);
  {
    const Interrupts again;
    CHECK_THROWS_WITH(Interrupts(), ContainsSubstring("[Interrupts] there is one already"));
    std::raise(SIGINT);
    CHECK(Interrupts::noted());
  }
  {
    const Interrupts third;
    CHECK_FALSE(Interrupts::noted());
  }
  CHECK(own_calls == 1);
  std::signal(SIGINT, SIG_DFL);
}

TEST_CASE("a second interrupt ends a program that waits for none") {
  if (!forks_with_threads) return;
  CHECK(in_child([] {
          std::signal(SIGINT, SIG_DFL);  // not that of the tests
          const Interrupts interrupts;
          std::raise(SIGINT);
          std::raise(SIGINT);
          return true;
        }) == "signal 2");
}
