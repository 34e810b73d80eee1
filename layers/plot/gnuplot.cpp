#include "gnuplot.h"

#include <reel/error.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace reel::plot {

namespace {

/// That of this program, but for what changes gnuplot's ways; in `locale` it takes texts for UTF-8.
std::vector<char*> environment(std::string& locale) {
  const auto changes_its_ways = [](const char* variable) {
    for (const std::string start : {"GNU", "LC_", "LANG"})
      if (std::strncmp(variable, start.c_str(), start.size()) == 0) return true;
    return false;
  };
  std::vector<char*> variables;
  for (char** variable = environ; *variable; ++variable)
    if (!changes_its_ways(*variable)) variables.push_back(*variable);
  variables.push_back(locale.data());
  variables.push_back(nullptr);
  return variables;
}

/// Files in the place of the standard streams, and signals as a program finds them that is started by hand.
class Surroundings {
 public:
  Surroundings(const MemoryFile& input, const MemoryFile& output, const MemoryFile& errors) {
    ::posix_spawn_file_actions_init(&files_);
    ::posix_spawn_file_actions_adddup2(&files_, input.number(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&files_, output.number(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&files_, errors.number(), STDERR_FILENO);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Surroundings() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&files_);
  }
  Surroundings(const Surroundings&) = delete;

  pid_t start_gnuplot() const {
    std::string name = "gnuplot", without_settings_of_users = "--default-settings", locale = "LC_ALL=C.UTF-8";
    char* arguments[] = {name.data(), without_settings_of_users.data(), nullptr};
    pid_t process = 0;
    const int error =
        ::posix_spawnp(&process, name.c_str(), &files_, &attributes_, arguments, environment(locale).data());
    if (error != 0)
      throw Error("gnuplot, which draws pictures, cannot be started (" +
                  std::generic_category().message(error) + "): is it installed, and in a folder of PATH?");
    return process;
  }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

/// How a process ended, in words; empty where it ended well, and where this program leaves it to the system,
/// or to another of its threads, to wait for processes.
std::string failure_of(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0)
    if (errno != EINTR) return "";
  if (WIFSIGNALED(status)) return "was ended by signal " + std::to_string(WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return "failed with status " + std::to_string(WEXITSTATUS(status));
  return "";
}

/// The end of what gnuplot said, where errors are, in one line.
std::string summary(const std::string& errors) {
  constexpr std::size_t longest = 400;
  std::string words;
  for (const char c : errors) {
    const bool is_space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!is_space) words += c;
    if (is_space && !words.empty() && words.back() != ' ') words += ' ';
  }
  if (!words.empty() && words.back() == ' ') words.pop_back();
  return words.size() > longest ? "..." + words.substr(words.size() - longest) : words;
}

}  // namespace

std::string output_of_gnuplot(const MemoryFile& commands) {
  const MemoryFile output, errors;
  commands.rewind();
  const auto failure = failure_of(Surroundings(commands, output, errors).start_gnuplot());
  const auto said = summary(errors.text());
  if (!failure.empty()) throw Error("gnuplot " + failure + (said.empty() ? "" : ": " + said));
  if (!said.empty()) throw Error("gnuplot complains: " + said);
  return output.text();
}

}  // namespace reel::plot
