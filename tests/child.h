#pragma once
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <string>

#include "catch.h"

/// Processes made by fork().
namespace reel::test {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
/// ThreadSanitizer ends a process that starts threads and was made from one with threads. AddressSanitizer's
/// memory may be locked by another thread at the fork, and is then locked in the child for good.
constexpr bool forks_with_threads = false;
#else
constexpr bool forks_with_threads = true;
#endif

/// What becomes of a process of its own that calls `f`: "done" where it returns true, else how it ended. One
/// that hangs is ended after a while.
inline std::string in_child(const std::function<bool()>& f) {
  const pid_t child = fork();
  if (child == 0) {
    // Not those of the tests, which would report a failure of their own.
    for (int signal : {SIGFPE, SIGSEGV, SIGABRT}) std::signal(signal, SIG_DFL);
    alarm(60);
    int result = 2;
    try {
      result = f() ? 0 : 1;
    } catch (...) {
    }
    _exit(result);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return "no process";
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? "done" : WEXITSTATUS(status) == 1 ? "another result" : "exception";
}

}  // namespace reel::test
