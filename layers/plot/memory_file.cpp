#include "memory_file.h"

#include <reel/error.h>

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace reel::plot {

namespace {

[[noreturn]] void refuse(const std::string& what) {
  const int reason = errno;
  const auto text = "a file in memory " + what + ": " + std::generic_category().message(reason);
  if (reason == ENOMEM) throw MemoryError(text);
  throw Error(text);
}

}  // namespace

MemoryFile::MemoryFile() {
  constexpr int first_after_streams = 3;
  const int number = ::memfd_create("reel-plot", MFD_CLOEXEC);
  // A program that has closed its standard streams would get their numbers.
  number_ = number < 0 ? number : ::fcntl(number, F_DUPFD_CLOEXEC, first_after_streams);
  const int reason = errno;
  if (number >= 0) ::close(number);
  errno = reason;
  if (number_ < 0) refuse("is not to be had");
}

MemoryFile::~MemoryFile() { ::close(number_); }

std::FILE* MemoryFile::writer() const {
  const int number = ::fcntl(number_, F_DUPFD_CLOEXEC, 0);
  std::FILE* stream = number < 0 ? nullptr : ::fdopen(number, "w");
  if (stream) return stream;
  const int reason = errno;
  if (number >= 0) ::close(number);
  errno = reason;
  refuse("cannot be opened");
}

void MemoryFile::rewind() const { ::lseek(number_, 0, SEEK_SET); }

std::string MemoryFile::text() const {
  struct stat status {};
  if (::fstat(number_, &status) != 0) refuse("cannot be read");
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  for (std::size_t done = 0; done < text.size();) {
    const auto count = ::pread(number_, text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse("cannot be read");
    if (count == 0) text.resize(done);
    done += static_cast<std::size_t>(count);
  }
  return text;
}

}  // namespace reel::plot
