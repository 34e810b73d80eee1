#include "interrupt.h"

#include <csignal>

namespace char_lm {

namespace {

volatile std::sig_atomic_t noted = 0;

void note(int signal) {
  noted = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

NotedInterrupts::NotedInterrupts() {
  std::signal(SIGINT, note);
  std::signal(SIGTERM, note);
}

NotedInterrupts::~NotedInterrupts() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool interrupted() { return noted != 0; }

}  // namespace char_lm
