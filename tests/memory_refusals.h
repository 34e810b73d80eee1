#pragma once
#include <reel/error.h>

#include <string>

#include "catch.h"
#include "live_bytes.h"

/// What reads and writes files where there is no memory for it. Not beside a sanitizer, whose memory has no
/// limit.
namespace reel::test {

/// Calls `f` with more and more memory until there is enough. Every time before it must end in a MemoryError
/// that names the file; returns how many there were.
template <class F>
int refusals_for_memory(const std::string& path, F&& f) {
  // Where there is less not even a message has room.
  constexpr std::size_t first = 4 << 10, last = std::size_t{1} << 30;
  int refusals = 0;
  for (auto bytes = first; bytes < last; bytes += bytes / 4) {
    try {
      const MemoryLimit limit(bytes);
      f();
      return refusals;
    } catch (const MemoryError& error) {
      CAPTURE(bytes);
      CHECK_THAT(error.what(), ContainsSubstring(path));
    }
    ++refusals;
  }
  FAIL("there was never enough memory for " << path);
  return refusals;
}

}  // namespace reel::test
