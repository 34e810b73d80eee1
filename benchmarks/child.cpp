#include "child.h"

#include <sys/wait.h>
#include <unistd.h>

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

}  // namespace

std::string output_of(const std::vector<std::string>& command, const Environment& additions) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe to a child process");
  const auto child = fork();
  if (child == 0) {
    close(ends[0]);
    become(command, additions, ends[1]);
  }
  close(ends[1]);
  std::string output;
  char buffer[4096];
  for (ssize_t size; child > 0 && (size = read(ends[0], buffer, sizeof buffer)) > 0;)
    output.append(buffer, size);
  close(ends[0]);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) throw std::runtime_error("no child process");
  if (status != 0) {
    std::string text;
    for (const auto& argument : command) text += argument + " ";
    throw std::runtime_error(text + (WIFSIGNALED(status) ? "got signal " + std::to_string(WTERMSIG(status))
                                                         : "failed: " + std::to_string(WEXITSTATUS(status))));
  }
  return output;
}

std::string own_path() { return std::filesystem::read_symlink("/proc/self/exe"); }

}  // namespace benchmarks
