// Files are written whole or not at all, whatever stands under their name and whoever else is at it.

#include <reel/error.h>
#include <reel/whole_file.h>

#include <cerrno>
#include <csignal>
#include <functional>

#include <fcntl.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catch.h"
#include "directory.h"
#include "weight_file.h"

using namespace reel;
using namespace reel::test;
namespace fs = std::filesystem;

namespace {

using Names = std::vector<std::string>;

constexpr uid_t nobody = 65534;

pid_t start_child(const std::function<bool()>& work) {
  const auto child = ::fork();
  if (child != 0) return child;
  ::alarm(60);  // What waits for ever is killed.
  bool done = false;
  try {
    done = work();
  } catch (...) {
  }
  ::_exit(done ? 0 : 1);
}

int wait_for(pid_t child) {
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

/// Whether `work`, in a process of its own, returns true.
bool in_child(const std::function<bool()>& work) { return wait_for(start_child(work)) == 0; }

bool is_refused(const std::function<void()>& work) {
  try {
    work();
  } catch (const FileError&) {
    return true;
  }
  return false;
}

struct stat status_of(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) throw std::runtime_error("no status of " + path);
  return status;
}

unsigned mode_of(const std::string& path) { return status_of(path).st_mode & 07777; }

std::size_t open_files() {
  const fs::directory_iterator files("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

void make_socket(const std::string& path) {
  const int number = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const bool bound = ::bind(number, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(number);
  if (!bound) throw std::runtime_error("no socket " + path);
}

/// One of its own for the superuser, who could replace the system's, and a link to the system's for others.
void make_device(const std::string& path) {
  if (::mknod(path.c_str(), S_IFCHR | 0666, ::makedev(1, 3)) == 0) return;
  if (::geteuid() == 0) throw std::runtime_error("no device " + path);
  fs::create_symlink("/dev/null", path);
}

/// Of every kind that is no regular file one, under the name of its kind.
void make_other_kinds(const Directory& directory) {
  fs::create_directory(directory / "directory");
  REQUIRE(::mkfifo((directory / "FIFO").c_str(), 0666) == 0);
  make_socket(directory / "socket");
  make_device(directory / "device");
  for (const auto& name : Names{"directory", "FIFO", "socket", "device"})
    fs::create_symlink(name, directory / ("link to " + name));
}

/// Sets what a new file's mode lacks, for one test.
struct Umask {
  mode_t before;
  explicit Umask(mode_t mask) : before(::umask(mask)) {}
  ~Umask() { ::umask(before); }
};

}  // namespace

TEST_CASE("a file that is written anew sets neither user nor group", "[files]") {
  const Directory directory;
  const auto path = directory / "text";
  write_whole(path, "old");
  for (const mode_t mode : {04755, 02755, 01755, 06640, 07600}) {
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    write_whole(path, "new");
    CHECK(mode_of(path) == (mode & 0777));
  }
}

TEST_CASE("a new file has the default mode, an old one keeps its own", "[files]") {
  const Directory directory;
  const auto path = directory / "text";
  SECTION("new") {
    for (const mode_t mask : {0022, 0077, 0002, 0027}) {
      const Umask umask(mask);
      fs::remove(path);
      write_whole(path, "new");
      CHECK(mode_of(path) == (0666 & ~mask));
    }
  }
  SECTION("old") {
    write(path, "old");
    for (const mode_t mask : {0022, 0077, 0}) {
      const Umask umask(mask);
      for (const mode_t mode : {0600, 0640, 0644, 0664, 0604, 0400, 0444, 0755, 0666}) {
        REQUIRE(::chmod(path.c_str(), mode) == 0);
        write_whole(path, "new");
        CHECK(mode_of(path) == mode);
      }
    }
  }
  CHECK(read(path) == "new");
  CHECK(directory.names() == Names{"text"});
}

TEST_CASE("an old file keeps its owner and group, or nobody may do more with it", "[files]") {
  if (::geteuid() != 0) {
    WARN("skipped: only the superuser can try it");
    return;
  }
  const Directory directory;
  const auto path = directory / "text";
  write(path, "old");
  REQUIRE(::chmod(directory.path.c_str(), 0777) == 0);
  const auto set = [&](uid_t owner, gid_t group, mode_t mode) {
    REQUIRE(::chown(path.c_str(), owner, group) == 0);
    REQUIRE(::chmod(path.c_str(), mode) == 0);
  };
  SECTION("written by the superuser") {
    set(1234, 5678, 0640);
    write_whole(path, "new");
    CHECK(status_of(path).st_uid == 1234);
    CHECK(status_of(path).st_gid == 5678);
    CHECK(mode_of(path) == 0640);
  }
  const auto write_as = [&](std::vector<gid_t> groups) {
    REQUIRE(in_child([&] {
      if (::setgroups(groups.size(), groups.data()) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0)
        return false;
      write_whole(path, "new");
      return true;
    }));
    CHECK(read(path) == "new");
    CHECK(status_of(path).st_uid == nobody);
  };
  SECTION("written by one of its group") {
    set(1234, 5678, 0660);
    write_as({5678});
    CHECK(status_of(path).st_gid == 5678);
    CHECK(mode_of(path) == 0660);
  }
  SECTION("written by a stranger") {
    const std::vector<std::pair<mode_t, mode_t>> modes{{0640, 0600}, {0604, 0600}, {0644, 0644},
                                                       {0664, 0644}, {0666, 0666}, {0600, 0600}};
    for (const auto& [old, kept] : modes) {
      set(1234, 5678, old);
      write_as({});
      CHECK(status_of(path).st_gid == nobody);
      CHECK(mode_of(path) == kept);
    }
  }
  CHECK(directory.names() == Names{"text"});
}

TEST_CASE("a symbolic link stays one, and its target is replaced", "[files]") {
  const Directory directory;
  fs::create_directory(directory / "far");
  const auto target = directory / "far/text", link = directory / "link";
  write(target, "old");
  REQUIRE(::chmod(target.c_str(), 0600) == 0);
  const auto check = [&](const std::string& path) {
    write_whole(path, "new");
    CHECK(fs::is_symlink(path));
    CHECK(!fs::is_symlink(target));
    CHECK(read(target) == "new");
  };
  SECTION("relative") {
    fs::create_symlink("far/text", link);
    check(link);
    CHECK(mode_of(target) == 0600);
  }
  SECTION("absolute") {
    fs::create_symlink(target, link);
    check(link);
    CHECK(mode_of(target) == 0600);
  }
  SECTION("through others, one in another folder") {
    fs::create_symlink("far/other", directory / "link");
    fs::create_symlink("../far/third", directory / "far/other");
    fs::create_symlink("text", directory / "far/third");
    check(link);
    CHECK(fs::is_symlink(directory / "far/other"));
    CHECK(fs::is_symlink(directory / "far/third"));
  }
  SECTION("through a folder that is a link") {
    fs::create_symlink("text", directory / "far/link");
    fs::create_directory_symlink("far", directory / "near");
    check(directory / "near/link");
  }
  SECTION("to what is not there yet") {
    fs::remove(target);
    fs::create_symlink("far/text", link);
    check(link);
  }
  SECTION("forty in a row") {
    fs::create_symlink("far/text", directory / "0");
    for (int i = 1; i < 40; ++i) fs::create_symlink(std::to_string(i - 1), directory / std::to_string(i));
    check(directory / "39");
  }
}

TEST_CASE("a symbolic link that leads nowhere is refused", "[files]") {
  const Directory directory;
  const auto refused = [&](const std::string& name, const std::string& reason) {
    const auto path = directory / name;
    CHECK_THROWS_WITH(write_whole(path, "new"), ContainsSubstring(path) && ContainsSubstring(reason));
    CHECK_THROWS_AS(check_writable(path), FileError);
    CHECK_THROWS_AS(read_whole(path), FileError);
    CHECK(fs::is_symlink(path));
  };
  fs::create_symlink("itself", directory / "itself");
  refused("itself", "in a circle");
  fs::create_symlink("there", directory / "back");
  fs::create_symlink("back", directory / "there");
  refused("there", "in a circle");
  refused("back", "in a circle");
  fs::create_symlink("missing/text", directory / "into what is missing");
  refused("into what is missing", "folder");
  fs::create_symlink("missing/", directory / "to a folder that is missing");
  refused("to a folder that is missing", "names no file");
  CHECK(directory.names().size() == 5);
}

TEST_CASE("nothing is written through a link that stands where a temporary file might", "[files]") {
  const Directory directory;
  const auto path = directory / "text", victim = directory / "victim";
  write(victim, "untouched");
  fs::create_symlink("victim", path + ".tmp");
  fs::create_symlink("victim", path + ".attempt");
  check_writable(path);
  write_whole(path, "new");
  CHECK(read(path) == "new");
  CHECK(read(victim) == "untouched");
  CHECK(directory.names() == Names{"text", "text.attempt", "text.tmp", "victim"});
}

TEST_CASE("what is no regular file is neither written nor read", "[files]") {
  const Directory directory;
  make_other_kinds(directory);
  const auto before = directory.names();
  Model model(Seed{1});
  make_parameters(model);
  const auto kept = values(model);
  for (const auto& kind : Names{"directory", "FIFO", "socket", "device"})
    for (const auto& name : {kind, "link to " + kind}) {
      CAPTURE(name);
      const auto path = directory / name;
      const auto mode = status_of(path).st_mode;
      const auto told = ContainsSubstring(path), reason = ContainsSubstring("is a " + kind);
      CHECK_THROWS_WITH(save(model, path), told && reason);
      CHECK_THROWS_WITH(check_writable(path), told && reason);
      // In a process of its own first, since this is what would wait for a writer.
      REQUIRE(in_child([&] { return is_refused([&] { load(model, path); }); }));
      CHECK_THROWS_WITH(load(model, path), told && reason);
      CHECK(status_of(path).st_mode == mode);
    }
  for (const auto& path : {"/dev/zero", "/dev/full", "/dev/tty"})
    CHECK(in_child([&] { return is_refused([&] { load(model, path); }); }));
  CHECK(values(model) == kept);
  CHECK(directory.names() == before);
}

TEST_CASE("one who waits to write into a FIFO goes on waiting", "[files]") {
  const Directory directory;
  const auto path = directory / "FIFO";
  REQUIRE(::mkfifo(path.c_str(), 0666) == 0);
  const auto writer = start_child([&] {
    return ::open(path.c_str(), O_WRONLY) >= 0;  // Waits until somebody opens it to read.
  });
  for (int i = 0; i < 100; ++i) {
    REQUIRE_THROWS_AS(read_whole(path), FileError);
    ::usleep(1000);
  }
  CHECK(::waitpid(writer, nullptr, WNOHANG) == 0);
  ::kill(writer, SIGKILL);
  wait_for(writer);
}

TEST_CASE("a path that names no file is refused", "[files]") {
  const Directory directory;
  write(directory / "text", "old");
  write(directory / "a", "old");
  const std::string zero("a\0b", 3);
  for (const auto& path : {std::string(), directory / "", directory / ".", directory / "..",
                           directory / "text/", directory / "text/more", directory / "missing/text",
                           directory / std::string(256, 'x'), (directory / "") + zero}) {
    CAPTURE(path);
    CHECK_THROWS_AS(write_whole(path, "new"), FileError);
    CHECK_THROWS_AS(check_writable(path), FileError);
    CHECK_THROWS_AS(read_whole(path), FileError);
  }
  CHECK(read(directory / "text") == "old");
  CHECK(read(directory / "a") == "old");
  CHECK(directory.names() == Names{"a", "text"});
}

TEST_CASE("a name may be as long as the system lets it, and a path relative", "[files]") {
  const Directory directory;
  const std::string longest(255, 'x');
  write_whole(directory / longest, "new");
  write_whole(directory / longest, "newer");
  CHECK(read_whole(directory / longest) == "newer");
  const auto before = fs::current_path();
  fs::current_path(directory.path);
  write_whole("here", "new");
  write_whole("./here", "newer");
  fs::current_path(before);
  CHECK(read_whole(directory / "here") == "newer");
  CHECK(directory.names() == Names{"here", longest});
}

TEST_CASE("other hard links keep the old text", "[files]") {
  const Directory directory;
  write(directory / "text", "old");
  fs::create_hard_link(directory / "text", directory / "other");
  write_whole(directory / "text", "new");
  CHECK(read(directory / "text") == "new");
  CHECK(read(directory / "other") == "old");
}

TEST_CASE("a process killed as it writes leaves the file whole and is in nobody's way", "[files]") {
  const Directory directory;
  const int without_name = ::open(directory.path.c_str(), O_WRONLY | O_TMPFILE, 0600);
  const bool leaves_nothing = without_name >= 0;
  if (leaves_nothing) ::close(without_name);
  fs::create_directory(directory / "far");
  fs::create_symlink("far/text", directory / "link");
  write_whole(directory / "link", "old");
  for (int i = 0; i < 3; ++i) {
    const auto status = wait_for(start_child([&] {
      const rlimit no_core{0, 0}, small{100, 100};
      ::setrlimit(RLIMIT_CORE, &no_core);
      ::setrlimit(RLIMIT_FSIZE, &small);
      ::signal(SIGXFSZ, SIG_DFL);
      write_whole(directory / "link", std::string(1000, 'x'));
      return true;
    }));
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGXFSZ);
    CHECK(read(directory / "far/text") == "old");
  }
  // What is left, where the file system knows no files without a name, lies beside the target.
  CHECK(directory.names() == Names{"far", "link"});
  const auto left = std::distance(fs::directory_iterator(directory / "far"), fs::directory_iterator());
  CHECK(left == (leaves_nothing ? 1 : 4));
  write_whole(directory / "link", "new");
  CHECK(read_whole(directory / "link") == "new");
  CHECK(std::distance(fs::directory_iterator(directory / "far"), fs::directory_iterator()) == left);
}

TEST_CASE("a folder where one may not write, and one that may only be written", "[files]") {
  if (::geteuid() != 0) {
    WARN("skipped: only the superuser can try it");
    return;
  }
  const Directory directory;
  const auto path = directory / "text";
  write(path, "old");
  const auto write_as_nobody = [&] {
    return in_child([&] {
      if (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0) return true;
      return is_refused([&] { write_whole(path, "new"); }) && is_refused([&] { check_writable(path); });
    });
  };
  REQUIRE(::chmod(directory.path.c_str(), 0755) == 0);
  CHECK(write_as_nobody());
  CHECK(read(path) == "old");
  // Its entries cannot be listed, nor the folder opened to flush it.
  REQUIRE(::chmod(directory.path.c_str(), 0733) == 0);
  CHECK(!write_as_nobody());
  CHECK(read(path) == "new");
  CHECK(directory.names() == Names{"text"});
}

TEST_CASE("checking that a file can be written changes nothing", "[files]") {
  const Directory directory;
  check_writable(directory / "text");
  CHECK(directory.names().empty());
  write(directory / "text", "old");
  const auto before = status_of(directory / "text").st_ino;
  check_writable(directory / "text");
  CHECK(read(directory / "text") == "old");
  CHECK(status_of(directory / "text").st_ino == before);
  CHECK(directory.names() == Names{"text"});
}

TEST_CASE("no file stays open", "[files]") {
  const Directory directory;
  make_other_kinds(directory);
  const auto before = open_files();
  for (int i = 0; i < 3; ++i) {
    write_whole(directory / "text", "new");
    read_whole(directory / "text");
    check_writable(directory / "text");
    for (const auto& name : {"FIFO", "link to directory", "missing/text"}) {
      CHECK_THROWS_AS(write_whole(directory / name, "new"), FileError);
      CHECK_THROWS_AS(read_whole(directory / name), FileError);
    }
    CHECK_THROWS_AS(read_whole(directory / "missing"), FileError);
    CHECK_THROWS_AS(write_whole(directory / std::string(256, 'x'), "new"), FileError);
  }
  CHECK(open_files() == before);
}

TEST_CASE("a text is read as it was written", "[files]") {
  const Directory directory;
  const auto path = directory / "text";
  for (const auto& text :
       {std::string(), std::string("x"), std::string(65536, 'x'), std::string(200001, 'y')}) {
    write_whole(path, text);
    CHECK(read_whole(path) == text);
  }
  // The system says of these that they are empty.
  CHECK(read_whole("/proc/self/status").size() > 100);
  write(path, std::string(70000, 'x') + std::string("\0more", 5));
  CHECK_THROWS_WITH(read_whole(path), ContainsSubstring("a zero at byte 70000"));
  // Longer than the memory, and nothing but zeros.
  write(path, "");
  fs::resize_file(path, std::uintmax_t{1} << 40);
  CHECK_THROWS_WITH(read_whole(path), ContainsSubstring("a zero at byte 0"));
}

TEST_CASE("bytes are read as they were written, zeros among them", "[files]") {
  const Directory directory;
  const auto path = directory / "bytes";
  for (const auto& bytes :
       {std::string(), std::string(3, '\0'), std::string(70000, 'x') + std::string("\0y", 2)}) {
    write_whole(path, bytes);
    CHECK(read_bytes(path) == bytes);
  }
  CHECK_THROWS_WITH(read_bytes(directory / "missing"), ContainsSubstring("was not found"));
  make_other_kinds(directory);
  CHECK_THROWS_WITH(read_bytes(directory / "FIFO"), ContainsSubstring("is a FIFO, not a regular file"));
}

TEST_CASE("two processes save to one path, and every read finds a whole file", "[files]") {
  constexpr int saves = 400;
  const Directory directory;
  const auto path = directory / "weights.xml";
  const auto make = [](Model& model, float number) {
    make_parameter(model, "numbers", std::vector<float>(1000, number));
  };
  Model first(Seed{1}), second(Seed{1}), read_back(Seed{1});
  make(first, 0.1f);
  make(second, 1e-30f);
  make(read_back, 0);
  save(first, path);

  const auto writer = [&](const Model& model) {
    return start_child([&] {
      for (int i = 0; i < saves; ++i) save(model, path);
      return true;
    });
  };
  std::vector<pid_t> writers{writer(first), writer(second)};
  while (!writers.empty()) {
    load(read_back, path);
    const auto found = values(read_back);
    REQUIRE((found == values(first) || found == values(second)));
    int status = 0;
    if (::waitpid(writers.back(), &status, WNOHANG) == 0) continue;
    CHECK(status == 0);
    writers.pop_back();
  }
  CHECK(directory.names() == Names{"weights.xml"});
}
