#pragma once
// A grid of CUDA threads in one C++ thread: each is a fiber, which runs until it waits for others. Every
// order of blocks and threads that CUDA allows gives the same result for a right kernel, so tests shuffle it.
// Under ThreadSanitizer each fiber is a thread of its own, and only barriers, shuffles and locks order them:
// an access that nothing orders is reported. Under AddressSanitizer shared memory ends where it was asked to
// end.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "fiber.h"
#include "launch.h"

#define REEL_DEVICE inline
#define REEL_KERNEL(name, count)                                                                       \
  static void name##_body(const reel::device::Words<count>& words);                                    \
  extern "C" void name(const reel::device::LaunchOrder& order, const long long* given, char* failure,  \
                       std::uint64_t size) {                                                           \
    reel::device::Words<count> words;                                                                  \
    std::memcpy(words.word, given, sizeof words.word);                                                 \
    const auto what = reel::device::Grid::run(                                                         \
        order, [](const void* w) { name##_body(*static_cast<const reel::device::Words<count>*>(w)); }, \
        &words);                                                                                       \
    std::snprintf(failure, size, "%s", what.c_str());                                                  \
  }                                                                                                    \
  static void name##_body([[maybe_unused]] const reel::device::Words<count>& words)

namespace reel::device {

struct Index {
  unsigned x = 0;
};

/// Threads that wait for one another: a block's or a warp's.
struct Meeting {
  unsigned arrived = 0;
  int line = 0;
  std::vector<struct Thread*> waiting;
};

struct Thread {
  Fiber fiber;
  Index index;
  struct Block* block = nullptr;
  bool is_done = false, waits = false;
};

struct Warp {
  Meeting meeting;
  unsigned phase = 0;
  std::uint64_t values[2][32] = {};
};

struct Block {
  Index index;
  std::unique_ptr<unsigned char, void (*)(void*)> shared{nullptr, std::free};
  std::vector<Warp> warps;
  Meeting meeting;
  unsigned threads = 0, alive = 0;
};

/// Blocks run one after the other; the threads of one take turns.
class Grid {
 public:
  static inline thread_local Grid* now = nullptr;
  Thread* thread = nullptr;
  LaunchOrder order{};

  ~Grid() {
    Unseen unseen;
    threads_.clear();
  }

  /// Returns what went wrong, an empty text where nothing did.
  static std::string run(const LaunchOrder& order, void (*kernel)(const void*), const void* words) {
    static thread_local Grid grid;
    grid.order = order;
    grid.kernel_ = kernel;
    grid.words_ = words;
    grid.failure_[0] = 0;
    grid.random_ = order.seed * 0x9E3779B97F4A7C15ull + 1;
    now = &grid;
    grid.run_blocks();
    return grid.failure_;
  }

  /// Waits until all of `expected` threads are here.
  void meet(Meeting& meeting, unsigned expected, int line) {
    REEL_TSAN(__tsan_release(&meeting);)
    bool waits = false;
    {
      Unseen unseen;
      if (meeting.arrived == 0) meeting.line = line;
      if (line != meeting.line)
        fail("threads wait at different barriers, lines %lld and %lld", line, meeting.line);
      if (++meeting.arrived < expected) {
        waits = thread->waits = true;
        meeting.waiting.push_back(thread);
      } else {
        meeting.arrived = 0;
        for (auto* other : meeting.waiting) {
          other->waits = false;
          ready_.push_back(other);
        }
        meeting.waiting.clear();
        waits = order.seed != 0;  // the last to come need not be the first to go on
      }
    }
    if (waits) thread->fiber.leave(false);
    REEL_TSAN(__tsan_acquire(&meeting);)
  }

  /// Nothing is allocated: nobody comes back to this stack to give it up.
  void fail(const char* what, long long a, long long b = 0) {
    char text[160];
    std::snprintf(text, sizeof text, what, a, b);
    std::snprintf(failure_, sizeof failure_, "%s (block %u, thread %u)", text, thread->block->index.x,
                  thread->index.x);
    for (;;) thread->fiber.leave(false);
  }

 private:
  /// Bytes behind shared memory that nobody may touch.
  static constexpr std::size_t guard = 16;

  bool has_failed() const { return failure_[0] != 0; }

  std::uint64_t random() {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return random_;
  }
  template <class T>
  void shuffle(std::vector<T>& items) {
    if (order.seed == 0) return;
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random() % i]);
  }

  void run_blocks() {
    Unseen unseen;
    // Blocks follow one another here, but nothing orders them.
    REEL_TSAN(__tsan_release(&start_);)
    std::vector<unsigned> numbers(order.blocks);
    for (unsigned i = 0; i < order.blocks; ++i) numbers[i] = i;
    shuffle(numbers);
    for (auto number : numbers) {
      run_block(number);
      if (has_failed()) break;
    }
    REEL_TSAN(__tsan_acquire(&end_);)
  }

  void run_block(unsigned number) {
    Block block;
    block.index.x = number;
    block.threads = block.alive = order.threads;
    block.warps.resize((order.threads + 31) / 32);
    block.shared.reset(
        static_cast<unsigned char*>(std::aligned_alloc(16, (order.shared_bytes + 31) / 16 * 16)));
    std::memset(block.shared.get(), 0xff, order.shared_bytes + guard);  // not a number
    REEL_ASAN(__asan_poison_memory_region(block.shared.get() + order.shared_bytes, guard);)
    begin_threads(block);
    while (block.alive > 0 && !has_failed()) {
      if (ready_.empty()) {
        std::snprintf(failure_, sizeof failure_, "threads wait for ever (block %u)", number);
        break;
      }
      take_turns(block);
    }
    REEL_ASAN(__asan_unpoison_memory_region(block.shared.get() + order.shared_bytes, guard);)
    for (std::size_t i = 0; i < guard; ++i)
      if (block.shared.get()[order.shared_bytes + i] != 0xff && !has_failed())
        std::snprintf(failure_, sizeof failure_, "shared memory is written past its end (block %u)", number);
  }

  void begin_threads(Block& block) {
    ready_.clear();
    while (threads_.size() < order.threads) threads_.push_back(std::make_unique<Thread>());
    for (unsigned t = 0; t < order.threads; ++t) {
      auto& begun = *threads_[t];
      begun.index.x = t;
      begun.block = &block;
      begun.is_done = begun.waits = false;
      begun.fiber.begin_at(&Grid::entry);
      ready_.push_back(&begun);
    }
  }

  void take_turns(Block& block) {
    turn_.swap(ready_);
    ready_.clear();
    shuffle(turn_);
    for (auto* each : turn_) {
      thread = each;
      each->fiber.enter();
      if (has_failed()) return;
      if (each->is_done) {
        --block.alive;
        if (block.meeting.arrived > 0 && block.meeting.arrived == block.alive)
          std::snprintf(failure_, sizeof failure_, "a thread left while others wait for its block, block %u",
                        block.index.x);
      } else if (!each->waits) {
        ready_.push_back(each);
      }
    }
  }

  static void entry() {
    auto& grid = *now;
    auto* me = grid.thread;
    me->fiber.entered();
    REEL_TSAN(__tsan_acquire(&grid.start_);)
    grid.kernel_(grid.words_);
    REEL_TSAN(__tsan_release(&grid.end_);) {
      Unseen unseen;
      me->is_done = true;
    }
    for (;;) me->fiber.leave(true);
  }

  void (*kernel_)(const void*) = nullptr;
  const void* words_ = nullptr;
  char start_ = 0, end_ = 0;  // what ThreadSanitizer orders a launch by
  std::vector<std::unique_ptr<Thread>> threads_;
  std::vector<Thread*> ready_, turn_;
  char failure_[200] = "";
  std::uint64_t random_ = 1;
};

#define threadIdx (::reel::device::Grid::now->thread->index)
#define blockIdx (::reel::device::Grid::now->thread->block->index)
#define blockDim (::reel::device::Index{::reel::device::Grid::now->order.threads})
#define gridDim (::reel::device::Index{::reel::device::Grid::now->order.blocks})

inline unsigned char* shared_memory() { return Grid::now->thread->block->shared.get(); }
inline void sync_block(int line = __builtin_LINE()) {
  auto& block = *Grid::now->thread->block;
  Grid::now->meet(block.meeting, block.threads, line);
}

/// Every lane's value, when all have given theirs.
template <class T>
const std::uint64_t* exchange(T x, int line) {
  static_assert(sizeof(T) <= 8);
  auto& block = *Grid::now->thread->block;
  const unsigned rank = Grid::now->thread->index.x, lanes = std::min(32u, block.threads - rank / 32 * 32);
  auto& warp = block.warps[rank / 32];
  std::uint64_t* values;
  {
    Unseen unseen;
    values = warp.values[warp.phase & 1];
    std::memcpy(&values[rank % 32], &x, sizeof x);
    if (warp.meeting.arrived + 1 == lanes) ++warp.phase;
  }
  Grid::now->meet(warp.meeting, lanes, line);
  return values;
}
inline void sync_warp(int line = __builtin_LINE()) { exchange(0, line); }
template <class T>
T shuffle_xor(T x, int mask, int line = __builtin_LINE()) {
  const auto* values = exchange(x, line);
  T y;
  std::memcpy(&y, &values[(threadIdx.x % 32) ^ static_cast<unsigned>(mask)], sizeof y);
  return y;
}
inline unsigned ballot(bool vote, int line = __builtin_LINE()) {
  const auto* values = exchange(static_cast<std::uint64_t>(vote), line);
  unsigned bits = 0;
  for (int i = 0; i < 32; ++i) bits |= static_cast<unsigned>(values[i] & 1) << i;
  return bits;
}
inline int first_bit(unsigned bits) { return __builtin_ffs(static_cast<int>(bits)) - 1; }

// Nobody else runs between the two, since nobody waits there.
inline void lock(int* word) { REEL_TSAN(__tsan_acquire(word);)(void) word; }
inline void unlock(int* word) { REEL_TSAN(__tsan_release(word);)(void) word; }

inline void check_alignment(const void* address, std::size_t bytes) {
  if (reinterpret_cast<std::uintptr_t>(address) % bytes != 0)
    Grid::now->fail("%lld bytes are moved at once from or to an address that is no multiple",
                    static_cast<long long>(bytes));
}

}  // namespace reel::device
