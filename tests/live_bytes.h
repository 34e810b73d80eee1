#pragma once
#include <cstddef>
#include <functional>

namespace reel::test {

/// The most memory that `f` holds at a time, in bytes, beyond what was held before: what operator new gave
/// and operator delete did not yet get back, in all threads. Unlike the resident memory of the process it
/// does not rest on what ran before, nor on the system.
std::size_t most_live_bytes(const std::function<void()>& f);

/// What is held now, counted in the same way.
std::size_t live_bytes();

/// While it lives, operator new gives no more than so many bytes beyond what was held when it was made.
class MemoryLimit {
 public:
  explicit MemoryLimit(std::size_t bytes);
  ~MemoryLimit();
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;
};

}  // namespace reel::test
