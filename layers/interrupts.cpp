#include <reel/error.h>
#include <reel/interrupts.h>

#include <atomic>
#include <csignal>

namespace reel {

namespace {

constexpr int signals[] = {SIGINT, SIGTERM};
using Action = struct sigaction;
Action before[2];
std::atomic<bool> is_alive{false};
// What a handler of a signal may write, and another thread may read.
std::atomic<int> was_noted{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal's handler may not wait");

void give_back() {
  for (int i = 0; i < 2; ++i) sigaction(signals[i], &before[i], nullptr);
}

/// A second signal, of either kind, does what it would have done.
void note(int) {
  was_noted = 1;
  give_back();
}

}  // namespace

Interrupts::Interrupts() {
  if (is_alive.exchange(true)) throw Error("[Interrupts] there is one already");
  was_noted = 0;
  Action action{};
  action.sa_handler = note;
  // Calls of the system go on after it.
  action.sa_flags = SA_RESTART;
  for (int i = 0; i < 2; ++i) sigaction(signals[i], &action, &before[i]);
}

Interrupts::~Interrupts() {
  give_back();
  is_alive = false;
}

bool Interrupts::noted() { return was_noted != 0; }

}  // namespace reel
