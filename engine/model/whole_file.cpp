#include <reel/memory.h>
#include <reel/whole_file.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <random>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace reel {

namespace {

using Status = struct stat;

/// An open file or folder.
class Descriptor {
 public:
  explicit Descriptor(int number = AT_FDCWD) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  bool close() { return number_ < 0 || ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;  // AT_FDCWD, which is negative, stands for the current folder.
};

std::string system_reason() { return std::generic_category().message(errno); }

/// The file that a function is asked for.
struct Request {
  const std::string& path;
  const char* function;

  std::string beginning() const { return "[" + std::string(function) + "] "; }
};

[[noreturn]] void refuse_to_write(const Request& request, const std::string& reason) {
  throw FileError(request.beginning() + "cannot write " + request.path + ": " + reason);
}

[[noreturn]] void refuse_to_read(const Request& request, const std::string& reason) {
  throw FileError(request.beginning() + request.path + " " + reason);
}

/// "is a directory" and the like; nothing for a regular file.
std::optional<std::string> why_not_regular(const Status& status) {
  if (S_ISREG(status.st_mode)) return std::nullopt;
  const char* kind = S_ISDIR(status.st_mode)    ? "directory"
                     : S_ISFIFO(status.st_mode) ? "FIFO"
                     : S_ISSOCK(status.st_mode) ? "socket"
                                                : "device";
  return std::string("is a ") + kind + ", not a regular file";
}

/// The system's calls take a zero for the end of a path.
bool holds_zero(const std::string& text) { return text.find('\0') != std::string::npos; }

/// Where a file stands, or is to stand, once the symbolic links that lead to it are followed.
struct Standing {
  Descriptor folder;
  std::string name;
  std::optional<Status> old;  // of the regular file that stands there
};

std::string target_of_link(const Standing& place, const Request& request) {
  char text[4096];
  const auto length = ::readlinkat(place.folder.number(), place.name.c_str(), text, sizeof text);
  if (length < 0 || length == sizeof text) refuse_to_write(request, "a link that leads there cannot be read");
  return std::string(text, static_cast<std::size_t>(length));
}

Standing find_place(const Request& request) {
  const auto& path = request.path;
  constexpr int most_links = 40;  // as many as the kernel follows
  if (holds_zero(path))
    refuse_to_write({path.c_str(), request.function}, "the path goes on behind a zero byte");
  Standing place;
  auto rest = path;
  for (int links = 0; links <= most_links; ++links) {
    const auto name_at = rest.rfind('/') + 1;
    const auto folder = name_at == 0 ? "." : rest.substr(0, name_at);
    place.name = rest.substr(name_at);
    if (place.name.empty()) refuse_to_write(request, "that names no file");
    place.folder =
        Descriptor(::openat(place.folder.number(), folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!place.folder.is_open()) refuse_to_write(request, "its folder: " + system_reason());
    Status status;
    if (::fstatat(place.folder.number(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno != ENOENT) refuse_to_write(request, system_reason());
      return place;
    }
    if (!S_ISLNK(status.st_mode)) {
      if (const auto reason = why_not_regular(status)) refuse_to_write(request, "it " + *reason);
      place.old = status;
      return place;
    }
    rest = target_of_link(place, request);
  }
  refuse_to_write(request, "links lead there in a circle, or too many");
}

/// Gives a new file the owner, group and mode of the old one; false where the system refuses the mode.
bool keep_access(int file, const Status& old) {
  Status now;
  if (::fstat(file, &now) != 0) return false;
  if (now.st_uid != old.st_uid || now.st_gid != old.st_gid) {
    // Only the superuser may give a file away, but whoever is of its group may leave it to the group.
    constexpr auto same_owner = static_cast<uid_t>(-1);
    const bool kept =
        ::fchown(file, old.st_uid, old.st_gid) == 0 || ::fchown(file, same_owner, old.st_gid) == 0;
    if (kept && ::fstat(file, &now) != 0) return false;
  }
  auto mode = old.st_mode & 0777;
  if (now.st_gid != old.st_gid) {
    // Who was of the group is now among the others, and the reverse: both may do what both might.
    const auto both = mode >> 3 & mode & 07;
    mode = (mode & 0700) | both << 3 | both;
  }
  return (now.st_mode & 0777) == mode || ::fchmod(file, mode) == 0;
}

/// A new file beside `place`, without a name while it is written: a process that is killed then leaves
/// nothing behind. Where the file system does not know such files, under a name that nothing had. Gone again
/// unless it takes the place.
class Temporary {
 public:
  Temporary(const Standing& place, const Request& request) : place_(place) {
    // Nobody else may read what may become secret before its mode is known to be kept.
    const mode_t mode = place.old ? 0600 : 0666;
    constexpr int flags = O_WRONLY | O_CLOEXEC;
    file_ = Descriptor(::openat(place.folder.number(), ".", flags | O_TMPFILE, mode));
    if (file_.is_open() && ::access(link_to_file().c_str(), F_OK) == 0) return;
    file_.close();
    const bool opened = name_anew([&] {
      file_ = Descriptor(
          ::openat(place.folder.number(), name_.c_str(), flags | O_CREAT | O_EXCL | O_NOFOLLOW, mode));
      return file_.is_open();
    });
    if (!opened) refuse_to_write(request, "a temporary file beside it: " + system_reason());
  }
  ~Temporary() {
    if (!name_.empty()) ::unlinkat(place_.folder.number(), name_.c_str(), 0);
  }
  Temporary(const Temporary&) = delete;

  /// The three return false, and leave the reason in errno, where the system refuses.
  bool keep_access() { return !place_.old || reel::keep_access(file_.number(), *place_.old); }
  bool write(const std::string& text) {
    for (std::size_t written = 0; written < text.size();) {
      const auto count = ::write(file_.number(), text.data() + written, text.size() - written);
      if (count == 0) errno = EIO;
      if (count <= 0 && errno != EINTR) return false;
      if (count > 0) written += static_cast<std::size_t>(count);
    }
    // On disk before it is renamed, so that not even a power failure leaves half a file under the name.
    return ::fsync(file_.number()) == 0;
  }
  bool take_place() {
    const int folder = place_.folder.number();
    if (name_.empty() && !place_.old && link_as(place_.name)) return true;
    // What stands there is replaced by renaming alone, so a name is needed for that long.
    const bool named = !name_.empty() || name_anew([&] { return link_as(name_); });
    if (!named || ::renameat(folder, name_.c_str(), folder, place_.name.c_str()) != 0) return false;
    name_.clear();
    return true;
  }

 private:
  /// Gives a file that has no name one, which nothing may have; false where something has it.
  bool link_as(const std::string& name) const {
    constexpr int flags = AT_SYMLINK_FOLLOW;
    return ::linkat(AT_FDCWD, link_to_file().c_str(), place_.folder.number(), name.c_str(), flags) == 0;
  }
  std::string link_to_file() const { return "/proc/self/fd/" + std::to_string(file_.number()); }

  /// Tries names until `take` succeeds with one that nothing had; without one the file has none.
  template <class Take>
  bool name_anew(const Take& take) {
    constexpr int most_attempts = 100;
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
      name_ = wish();
      if (take()) return true;
      if (errno != EEXIST) break;
    }
    name_.clear();
    return false;
  }

  std::string wish() const {
    constexpr std::size_t longest = 200;  // of the 255 bytes that a name may have
    std::random_device random;
    const auto digits = std::to_string(random()) + '-' + std::to_string(random());
    return place_.name.substr(0, longest) + ".tmp-" + digits;
  }

  const Standing& place_;
  std::string name_;
  Descriptor file_{-1};
};

/// Puts on disk that a file has been renamed, as far as the file system and the folder's mode let us.
void sync_folder(const Standing& place, const Request& request) {
  const Descriptor folder(::openat(place.folder.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.is_open() && ::fsync(folder.number()) != 0 && errno != EINVAL && errno != ENOTSUP)
    throw FileError(request.beginning() + request.path +
                    " is written, but may be lost with the power: " + system_reason());
}

/// Opens a regular file to be read, and tells its status.
Descriptor open_regular(const Request& request, Status& status) {
  const auto& path = request.path;
  if (holds_zero(path))
    refuse_to_read({path.c_str(), request.function}, "is a path that goes on behind a zero byte");
  const auto check = [&](int error) {
    if (error != 0)
      refuse_to_read(request, errno == ENOENT ? "was not found" : "cannot be read: " + system_reason());
    if (const auto reason = why_not_regular(status)) refuse_to_read(request, *reason);
  };
  // Looked at before it is opened, since that would let whoever writes into a FIFO go on, and again after it,
  // since something else may have taken the name; opening does not wait for it.
  check(::stat(path.c_str(), &status));
  Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  check(file.is_open() ? ::fstat(file.number(), &status) : -1);
  return file;
}

void reserve(std::string& text, const Status& status, const Request& request) {
  try {
    text.reserve(static_cast<std::size_t>(status.st_size));
  } catch (const std::exception&) {  // std::bad_alloc or std::length_error
    throw MemoryError(request.beginning() + request.path + " does not fit into memory: it has " +
                      std::to_string(status.st_size) + " bytes");
  }
}

/// All of a file. `check` looks at each block, and is told how many bytes came before it.
template <class Check>
std::string read_all(const Request& request, const Check& check) {
  Status status;
  const auto file = open_regular(request, status);
  std::string text;
  char block[1 << 16];
  while (const auto count = ::read(file.number(), block, sizeof block)) {
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse_to_read(request, "cannot be read: " + system_reason());
    const auto length = static_cast<std::size_t>(count);
    check(block, length, text.size());
    // Only now: a file may say that it is longer than any memory, and hold nothing but zeros.
    if (text.empty()) reserve(text, status, request);
    text.append(block, length);
  }
  return text;
}

void write_all(const Request& request, const std::string& text) {
  const auto place = find_place(request);
  Temporary temporary(place, request);
  if (!temporary.keep_access() || !temporary.write(text) || !temporary.take_place())
    refuse_to_write(request, system_reason());
  sync_folder(place, request);
}

/// What `f` gives, or where memory gives out an error that names the file.
template <class F>
auto needing_memory_for(const Request& request, const F& f) {
  return reel::needing_memory_for(request.beginning() + request.path, f);
}

}  // namespace

void write_whole(const std::string& path, const std::string& text, const char* function) {
  const Request request{path, function};
  needing_memory_for(request, [&] { write_all(request, text); });
}

void check_writable(const std::string& path, const char* function) {
  const Request request{path, function};
  needing_memory_for(request, [&] {
    const auto place = find_place(request);
    if (!Temporary(place, request).keep_access()) refuse_to_write(request, system_reason());
  });
}

std::string read_whole(const std::string& path, const char* function) {
  const Request request{path, function};
  const auto check = [&](const char* block, std::size_t length, std::size_t before) {
    if (const void* zero = std::memchr(block, 0, length)) {
      const auto position = before + (static_cast<const char*>(zero) - block);
      refuse_to_read(request, "is not a text: it holds a zero at byte " + std::to_string(position));
    }
  };
  return needing_memory_for(request, [&] { return read_all(request, check); });
}

std::string read_bytes(const std::string& path, const char* function) {
  const Request request{path, function};
  return needing_memory_for(request,
                            [&] { return read_all(request, [](const char*, std::size_t, std::size_t) {}); });
}

}  // namespace reel
