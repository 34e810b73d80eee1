#pragma once
#include <sched.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace benchmarks {

/// A fixed number of threads, each on a processor of its own, that do a piece of work together and wait for
/// each other after it, without allocating. They spin in between, so it should not live longer than it works.
class Team {
 public:
  explicit Team(int size) : size_(size) {
    sched_getaffinity(0, sizeof allowed_, &allowed_);
    if (size > 1) stay_on_processor(0);
    for (int rank = 1; rank < size; ++rank) threads_.emplace_back([this, rank] { follow(rank); });
  }
  ~Team() {
    work_ = nullptr;
    begin();
    for (auto& thread : threads_) thread.join();
    sched_setaffinity(0, sizeof allowed_, &allowed_);
  }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int size() const { return size_; }

  /// Calls `work(rank)` on every thread, the caller's being rank 0.
  template <class Work>
  void run(const Work& work) {
    context_ = &work;
    work_ = [](const void* context, int rank) { (*static_cast<const Work*>(context))(rank); };
    busy_.store(size_ - 1, std::memory_order_relaxed);
    begin();
    work(0);
    spin([&] { return busy_.load(std::memory_order_acquire) == 0; });
  }

  /// The part of `count` things that falls to a thread: [first, last).
  struct Share {
    std::int64_t first, last;
    std::int64_t size() const { return last - first; }
  };
  Share share(std::int64_t count, int rank) const {
    return {count * rank / size_, count * (rank + 1) / size_};
  }

 private:
  template <class Condition>
  static void spin(const Condition& condition) {
    for (int i = 0; !condition(); ++i)
      if (i > 10000) std::this_thread::yield();
  }

  /// Left to itself, Linux puts threads that wait for one another on one processor for long.
  void stay_on_processor(int rank) const {
    for (std::size_t processor = 0; processor < CPU_SETSIZE; ++processor) {
      if (!CPU_ISSET(processor, &allowed_) || rank-- > 0) continue;
      cpu_set_t own;
      CPU_ZERO(&own);
      CPU_SET(processor, &own);
      sched_setaffinity(0, sizeof own, &own);
      return;
    }
    sched_setaffinity(0, sizeof allowed_, &allowed_);  // more threads than processors
  }

  void begin() { round_.fetch_add(1, std::memory_order_release); }

  void follow(int rank) {
    stay_on_processor(rank);
    for (std::uint64_t round = 1;; ++round) {
      spin([&] { return round_.load(std::memory_order_acquire) >= round; });
      if (!work_) return;
      work_(context_, rank);
      busy_.fetch_sub(1, std::memory_order_release);
    }
  }

  int size_;
  cpu_set_t allowed_;
  void (*work_)(const void* context, int rank) = nullptr;
  const void* context_ = nullptr;
  std::atomic<std::uint64_t> round_{0};
  std::atomic<int> busy_{0};
  std::vector<std::thread> threads_;
};

}  // namespace benchmarks
