// What draws is another program: it may be missing, fail, or be found in a program with ways of its own.

#include <reel/error.h>

#include <csignal>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "drawing.h"

using namespace reel;
using namespace reel::test;

namespace {

/// A variable of the environment, until the end of its scope.
class EnvironmentVariable {
 public:
  EnvironmentVariable(std::string name, const std::string& value) : name_(std::move(name)) {
    if (const char* old = std::getenv(name_.c_str())) old_ = old;
    ::setenv(name_.c_str(), value.c_str(), 1);
  }
  ~EnvironmentVariable() { old_ ? ::setenv(name_.c_str(), old_->c_str(), 1) : ::unsetenv(name_.c_str()); }
  EnvironmentVariable(const EnvironmentVariable&) = delete;

 private:
  std::string name_;
  std::optional<std::string> old_;
};

/// A folder with another program of the name gnuplot, a script for the shell, and first in PATH.
struct StandIn {
  Directory folder;
  EnvironmentVariable path;

  explicit StandIn(const std::string& script)
      : path("PATH", folder.path.string() + ":" + std::getenv("PATH")) {
    write(folder / "gnuplot", "#!/bin/sh\n" + script + "\n");
    ::chmod((folder / "gnuplot").c_str(), 0755);
  }
};

/// Refused for this reason, while a file that stood there stays as it was.
void check_refused(const std::string& reason) {
  const Directory directory;
  const auto path = directory / "picture.svg";
  CHECK_THROWS_WITH(draw(small_picture(), path),
                    ContainsSubstring("[draw] " + path + ": ") && ContainsSubstring(reason));
  CHECK_THROWS_AS(draw(small_picture(), path), Error);
  CHECK(directory.names().empty());
  write(path, "older");
  CHECK_THROWS_AS(draw(small_picture(), path), Error);
  CHECK(read(path) == "older");
  CHECK(directory.names().size() == 1);
}

bool draws(const std::string& expected) {
  const Directory directory;
  draw(small_picture(), directory / "picture.svg");
  return read(directory / "picture.svg") == expected;
}

std::size_t open_files() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

}  // namespace

TEST_CASE("without gnuplot there is no picture, and that is said", "[plot]") {
  const Directory empty;
  const EnvironmentVariable path("PATH", empty.path.string());
  check_refused("gnuplot, which draws pictures, cannot be started (No such file or directory)");
}

TEST_CASE("what gnuplot says goes into the message where it fails", "[plot]") {
  SECTION("with a status") {
    const StandIn gnuplot("cat > /dev/null; echo 'line 3: no' >&2; echo '  luck' >&2; exit 3");
    check_refused("gnuplot failed with status 3: line 3: no luck");
  }
  SECTION("without a word") {
    const StandIn gnuplot("exit 1");
    check_refused("gnuplot failed with status 1");
  }
  SECTION("by a signal") {
    const StandIn gnuplot("kill -9 $$");
    check_refused("gnuplot was ended by signal 9");
  }
  SECTION("with a good status") {
    const StandIn gnuplot("echo '<svg></svg>'; echo 'a warning' >&2");
    check_refused("gnuplot complains: a warning");
  }
  SECTION("at length: the end") {
    const StandIn gnuplot("seq 1 100000 >&2; exit 1");
    check_refused("99999 100000");
  }
}

TEST_CASE("a picture that is not whole is refused", "[plot]") {
  SECTION("nothing") {
    const StandIn gnuplot("exit 0");
    check_refused("what gnuplot drew is no whole SVG: it drew nothing");
  }
  SECTION("half of one") {
    const StandIn gnuplot("echo '<svg><g>'");
    check_refused("what gnuplot drew is no whole SVG");
  }
  SECTION("something else") {
    const StandIn gnuplot("echo '<html></html>'");
    check_refused("what gnuplot drew is no whole SVG");
  }
}

TEST_CASE("pictures are refused before they are drawn where their files cannot be written", "[plot]") {
  const Directory directory;
  const StandIn gnuplot("touch " + directory / "ran");
  CHECK_THROWS_AS(draw(small_picture(), directory / "no such folder/picture.svg"), FileError);
  CHECK_THROWS_AS(draw(small_picture(), directory.path.string()), FileError);
  CHECK_THROWS_AS(draw(small_picture(), ""), FileError);
  CHECK(directory.names().empty());
}

TEST_CASE("a gnuplot that does not read what it is told ends no program", "[plot]") {
  const StandIn gnuplot("exec < /dev/null; echo '<svg></svg>'");
  auto picture = small_picture();
  picture.curves[0].x.assign(1000000, 1.5);
  picture.curves[0].y.assign(1000000, 1.5);
  const Directory directory;
  CHECK_NOTHROW(draw(picture, directory / "picture.svg"));
}

TEST_CASE("pictures are drawn in programs with ways of their own", "[plot]") {
  if (!forks_with_threads) return;
  const auto expected = Drawing(small_picture()).bytes;
  SECTION("that ignore signals of processes they started") {
    CHECK(in_child([&] {
            std::signal(SIGCHLD, SIG_IGN);
            return draws(expected);
          }) == "done");
  }
  SECTION("that block signals") {
    CHECK(in_child([&] {
            sigset_t all;
            ::sigfillset(&all);
            ::sigprocmask(SIG_SETMASK, &all, nullptr);
            return draws(expected);
          }) == "done");
  }
  SECTION("that have closed their standard streams") {
    const auto closed = GENERATE(std::vector<int>{0}, std::vector<int>{0, 1}, std::vector<int>{0, 1, 2});
    CHECK(in_child([&] {
            for (const int number : closed) ::close(number);
            return draws(expected);
          }) == "done");
  }
}

TEST_CASE("a user's settings of gnuplot and of language change no picture", "[plot]") {
  const auto expected = Drawing(small_picture()).bytes;
  SECTION("a file, and a variable") {
    const Directory home;
    write(home / ".gnuplot", "set terminal png\nset output '/dev/null'\n");
    const EnvironmentVariable variables[] = {{"HOME", home.path.string()}, {"GNUTERM", "no such terminal"}};
    CHECK(draws(expected));
  }
  SECTION("with any locale") {
    const EnvironmentVariable locale("LC_ALL", GENERATE("C", "POSIX", "de_DE.ISO-8859-1", "no_SUCH.locale"));
    CHECK(draws(expected));
  }
}

TEST_CASE("pictures leave no open files behind, nor processes", "[plot]") {
  Drawing warm(small_picture());
  const auto before = open_files();
  for (int i = 0; i < 5; ++i) Drawing drawing(small_picture());
  {
    const StandIn gnuplot("exit 1");
    check_refused("gnuplot failed");
  }
  CHECK(open_files() == before);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("where the system has no more files to give that is an error", "[plot]") {
  if (!forks_with_threads) return;
  CHECK(in_child([] {
          const Directory directory;
          auto limit = rlimit{};
          ::getrlimit(RLIMIT_NOFILE, &limit);
          const auto path = directory / "picture.svg";
          int refused = 0;
          bool drawn = false;
          for (limit.rlim_cur = 0; !drawn && limit.rlim_cur < 100; ++limit.rlim_cur) {
            ::setrlimit(RLIMIT_NOFILE, &limit);
            try {
              draw(small_picture(), path);
              drawn = true;
            } catch (const Error&) {
              ++refused;
            }
          }
          return drawn && refused >= 5 && directory.names().size() == 1;
        }) == "done");
}
