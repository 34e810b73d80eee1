#include "team.h"

#include <chrono>
#include <system_error>

#if defined(__x86_64__)
#include <immintrin.h>
#endif
#if defined(__linux__)
#include <sched.h>
#endif

namespace reel::cpu {

namespace {

inline void pause() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

/// Spins; after a while it lets others have the processor, who may be whom it waits for.
template <class Condition>
void spin_until(const Condition& condition) {
  for (int i = 0; !condition(); ++i) {
    if (i < 1000)
      pause();
    else
      std::this_thread::yield();
  }
}

/// The processor this thread is on; -1 where that is not known.
int current_processor() {
#if defined(__linux__)
  return sched_getcpu();
#else
  return -1;
#endif
}

/// Moves this thread to another processor, where it has a choice. Linux likes to wake a thread beside the one
/// that wakes it, and takes a tenth of a second to find that two spin where there is room for one.
void leave_processor([[maybe_unused]] int processor) {
#if defined(__linux__)
  cpu_set_t allowed;
  if (processor < 0 || sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  auto others = allowed;
  CPU_CLR(static_cast<std::size_t>(processor), &others);
  if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof others, &others) != 0) return;
  // It is there now, and may go where it could before.
  sched_setaffinity(0, sizeof allowed, &allowed);
#endif
}

/// How long a thread without work stays awake.
constexpr std::chrono::microseconds patience{100};

}  // namespace

void Barrier::wait() {
  const auto round = round_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
    arrived_.store(0, std::memory_order_relaxed);
    round_.store(round + 1, std::memory_order_release);
  } else {
    spin_until([&] {
      return round_.load(std::memory_order_acquire) != round || broken_.load(std::memory_order_relaxed);
    });
  }
  if (broken_.load(std::memory_order_acquire)) throw Broken{};
}

void Barrier::mend() {
  arrived_.store(0, std::memory_order_relaxed);
  broken_.store(false, std::memory_order_relaxed);
}

Team::~Team() {
  {
    const std::lock_guard<std::mutex> lock(sleep_);
    leaving_.store(true);
  }
  wake_.notify_all();
  for (auto& follower : followers_) follower.join();
}

bool Team::start() {
  try {
    while (static_cast<int>(followers_.size()) < threads_ - 1) {
      const int rank = static_cast<int>(followers_.size()) + 1;
      followers_.emplace_back([this, rank] { follow(rank); });
    }
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

bool Team::run(void (*work)(void*, int), void* context) {
  if (busy_.test_and_set(std::memory_order_acquire)) return false;
  struct Release {
    std::atomic_flag& busy;
    ~Release() { busy.clear(std::memory_order_release); }
  } release{busy_};
  if (!start()) return false;
  work_ = work;
  context_ = context;
  failure_ = nullptr;
  barrier_.mend();
  working_.store(threads_ - 1, std::memory_order_relaxed);
  leader_processor_.store(current_processor(), std::memory_order_relaxed);
  // Sequentially consistent: either a follower sees the new round, or it is counted as asleep here.
  round_.fetch_add(1, std::memory_order_seq_cst);
  if (asleep_.load(std::memory_order_seq_cst) > 0) {
    const std::lock_guard<std::mutex> lock(sleep_);
    wake_.notify_all();
  }
  attempt(0);
  spin_until([&] { return working_.load(std::memory_order_acquire) == 0; });
  if (failure_) std::rethrow_exception(failure_);
  return true;
}

void Team::attempt(int rank) {
  try {
    work_(context_, rank);
  } catch (const Barrier::Broken&) {
    // Whoever broke it up has told why.
  } catch (...) {
    {
      const std::lock_guard<std::mutex> lock(failed_);
      if (!failure_) failure_ = std::current_exception();
    }
    barrier_.break_up();
  }
}

void Team::follow(int rank) {
  std::uint32_t seen = 0;
  bool has_slept = true;
  for (;;) {
    const auto has_work = [&] { return round_.load(std::memory_order_seq_cst) != seen || leaving_.load(); };
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!has_work() && std::chrono::steady_clock::now() < until)
      for (int i = 0; i < 50 && round_.load(std::memory_order_relaxed) == seen; ++i) pause();
    if (!has_work()) {
      std::unique_lock<std::mutex> lock(sleep_);
      asleep_.fetch_add(1, std::memory_order_seq_cst);
      wake_.wait(lock, has_work);
      asleep_.fetch_sub(1, std::memory_order_seq_cst);
      has_slept = true;
    }
    if (leaving_.load()) return;
    seen = round_.load(std::memory_order_acquire);
    const auto leader = leader_processor_.load(std::memory_order_relaxed);
    if (has_slept && current_processor() == leader) leave_processor(leader);
    has_slept = false;
    attempt(rank);
    working_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace reel::cpu
