#include "run/cpu/threads/team.h"

#include <chrono>
#include <new>
#include <system_error>

#if defined(__x86_64__)
#include <immintrin.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
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

/// How many calls of fork() lie between the first process and this one.
std::atomic<std::uint32_t> forks{0};

/// A number that no process has which this one was made from.
std::uint32_t this_process() {
#if defined(__unix__) || defined(__APPLE__)
  static const bool counts = pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1); }) == 0;
  if (!counts) throw std::bad_alloc();
#endif
  return forks.load(std::memory_order_relaxed);
}

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

Team::Team(int threads)
    : threads_(threads), barrier_(threads), home_(this_process()), shared_(std::make_unique<Shared>()) {}

Team::~Team() {
  if (home_.load() != this_process()) {
    static_cast<void>(shared_.release());
    return;
  }
  {
    const std::lock_guard<std::mutex> lock(shared_->sleep);
    shared_->leaving.store(true);
  }
  shared_->wake.notify_all();
  for (auto& follower : shared_->followers) follower.join();
}

bool Team::is_at_home() {
  const auto here = this_process();
  auto home = home_.load(std::memory_order_acquire);
  if (home == here) return true;
  if (home == moving || !home_.compare_exchange_strong(home, moving)) return false;
  static_cast<void>(shared_.release());
  shared_ = std::make_unique<Shared>();
  home_.store(here, std::memory_order_release);
  return true;
}

bool Team::start() {
  auto& followers = shared_->followers;
  try {
    while (static_cast<int>(followers.size()) < threads_ - 1) {
      const int rank = static_cast<int>(followers.size()) + 1;
      followers.emplace_back([this, rank] { follow(rank); });
    }
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

bool Team::run(void (*work)(void*, int), void* context) {
  if (!is_at_home()) return false;
  auto& shared = *shared_;
  if (shared.busy.test_and_set(std::memory_order_acquire)) return false;
  struct Release {
    std::atomic_flag& busy;
    ~Release() { busy.clear(std::memory_order_release); }
  } release{shared.busy};
  if (!start()) return false;
  shared.work = work;
  shared.context = context;
  shared.failure = nullptr;
  barrier_.mend();
  shared.working.store(threads_ - 1, std::memory_order_relaxed);
  shared.leader_processor.store(current_processor(), std::memory_order_relaxed);
  // Sequentially consistent: either a follower sees the new round, or it is counted as asleep here.
  shared.round.fetch_add(1, std::memory_order_seq_cst);
  if (shared.asleep.load(std::memory_order_seq_cst) > 0) {
    const std::lock_guard<std::mutex> lock(shared.sleep);
    shared.wake.notify_all();
  }
  attempt(0);
  spin_until([&] { return shared.working.load(std::memory_order_acquire) == 0; });
  if (shared.failure) std::rethrow_exception(shared.failure);
  return true;
}

void Team::attempt(int rank) {
  auto& shared = *shared_;
  try {
    shared.work(shared.context, rank);
  } catch (const Barrier::Broken&) {
    // Whoever broke it up has told why.
  } catch (...) {
    {
      const std::lock_guard<std::mutex> lock(shared.failed);
      if (!shared.failure) shared.failure = std::current_exception();
    }
    barrier_.break_up();
  }
}

void Team::follow(int rank) {
  auto& shared = *shared_;
  std::uint32_t seen = 0;
  bool has_slept = true;
  for (;;) {
    const auto has_work = [&] {
      return shared.round.load(std::memory_order_seq_cst) != seen || shared.leaving.load();
    };
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!has_work() && std::chrono::steady_clock::now() < until)
      for (int i = 0; i < 50 && shared.round.load(std::memory_order_relaxed) == seen; ++i) pause();
    if (!has_work()) {
      std::unique_lock<std::mutex> lock(shared.sleep);
      shared.asleep.fetch_add(1, std::memory_order_seq_cst);
      shared.wake.wait(lock, has_work);
      shared.asleep.fetch_sub(1, std::memory_order_seq_cst);
      has_slept = true;
    }
    if (shared.leaving.load()) return;
    seen = shared.round.load(std::memory_order_acquire);
    const auto leader = shared.leader_processor.load(std::memory_order_relaxed);
    if (has_slept && current_processor() == leader) leave_processor(leader);
    has_slept = false;
    attempt(rank);
    shared.working.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace reel::cpu
