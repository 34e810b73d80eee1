#include "child.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace benchmarks {

namespace {

[[noreturn]] void become(const std::vector<std::string>& command, const Environment& additions, int output) {
  for (const auto& [name, value] : additions) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> arguments;
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  dup2(output, STDOUT_FILENO);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

/// All that comes from `source` until its end. False where that takes longer than `seconds`.
bool read_all(int source, double seconds, std::string& text) {
  using Clock = std::chrono::steady_clock;
  const auto end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  char buffer[4096];
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd waiting{source, POLLIN, 0};
    if (left <= 0 || poll(&waiting, 1, static_cast<int>(std::min<long long>(left, 1000 * 1000))) < 0)
      return false;
    if (!waiting.revents) continue;
    const auto size = read(source, buffer, sizeof buffer);
    if (size <= 0) return size == 0;
    text.append(buffer, size);
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += word + " ";
  return text;
}

}  // namespace

std::string output_of(const std::vector<std::string>& command, const Environment& additions, double seconds) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe to a child process");
  const auto child = fork();
  if (child == 0) {
    close(ends[0]);
    become(command, additions, ends[1]);
  }
  close(ends[1]);
  std::string output;
  const bool in_time = child > 0 && read_all(ends[0], seconds, output);
  close(ends[0]);
  if (child > 0 && !in_time) kill(child, SIGKILL);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) throw std::runtime_error("no child process");
  if (!in_time)
    throw std::runtime_error(joined(command) + "took more than " + std::to_string(std::lround(seconds)) +
                             " s");
  if (status != 0)
    throw std::runtime_error(joined(command) + (WIFSIGNALED(status)
                                                    ? "got signal " + std::to_string(WTERMSIG(status))
                                                    : "failed: " + std::to_string(WEXITSTATUS(status))));
  return output;
}

std::string own_path() { return std::filesystem::read_symlink("/proc/self/exe"); }

}  // namespace benchmarks
