#include "live_bytes.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <stdexcept>

namespace {

std::atomic<std::ptrdiff_t> live{0}, most{0}, limit{PTRDIFF_MAX};

}  // namespace

// Sanitizers have an operator new of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define REEL_COUNTS_LIVE_BYTES

namespace {

void* counted(void* memory) {
  if (!memory) throw std::bad_alloc();
  const auto bytes = static_cast<std::ptrdiff_t>(malloc_usable_size(memory));
  const auto now = live.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (now > limit.load(std::memory_order_relaxed)) {
    live.fetch_sub(bytes, std::memory_order_relaxed);
    std::free(memory);
    throw std::bad_alloc();
  }
  auto before = most.load(std::memory_order_relaxed);
  while (now > before && !most.compare_exchange_weak(before, now, std::memory_order_relaxed)) {
  }
  return memory;
}

void release(void* memory) {
  live.fetch_sub(static_cast<std::ptrdiff_t>(malloc_usable_size(memory)), std::memory_order_relaxed);
  std::free(memory);
}

}  // namespace

// All other forms call these.
void* operator new(std::size_t bytes) { return counted(std::malloc(std::max<std::size_t>(bytes, 1))); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  const auto unit = static_cast<std::size_t>(alignment);
  return counted(std::aligned_alloc(unit, (std::max<std::size_t>(bytes, 1) + unit - 1) / unit * unit));
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
#endif

namespace reel::test {

namespace {
void check_counts() {
#ifndef REEL_COUNTS_LIVE_BYTES
  throw std::logic_error("nothing is counted beside a sanitizer");
#endif
}
}  // namespace

std::size_t live_bytes() {
  check_counts();
  return static_cast<std::size_t>(live.load());
}

MemoryLimit::MemoryLimit(std::size_t bytes) {
  check_counts();
  limit = live + static_cast<std::ptrdiff_t>(bytes);
}
MemoryLimit::~MemoryLimit() { limit = PTRDIFF_MAX; }

std::size_t most_live_bytes(const std::function<void()>& f) {
  check_counts();
  const auto before = live.load();
  most = before;
  f();
  return static_cast<std::size_t>(most - before);
}

}  // namespace reel::test
