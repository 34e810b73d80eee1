#pragma once
#include <cstdio>
#include <string>

namespace reel::plot {

/// A file without a name, in memory: what one program writes and another reads, without a pipe to break. Its
/// number is none of those of the standard streams.
class MemoryFile {
 public:
  /// Throws Error where the system has none to give, MemoryError where it is for lack of memory. So do the
  /// others.
  MemoryFile();
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;

  int number() const { return number_; }
  /// A stream that writes to its end, to be closed by whoever asks for it. Throws Error likewise.
  std::FILE* writer() const;
  /// Lets whoever has its number read from its beginning.
  void rewind() const;
  /// All that is in it. Throws Error where the system refuses.
  std::string text() const;

 private:
  int number_;
};

}  // namespace reel::plot
