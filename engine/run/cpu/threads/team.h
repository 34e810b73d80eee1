#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace reel::cpu {

/// Where a team's threads wait for one another. They spin: a wait is expected to take microseconds.
class Barrier {
 public:
  explicit Barrier(int threads) : threads_(threads) {}
  /// Throws Broken where another thread has given up.
  void wait();
  /// Lets all who wait, now or later, give up.
  void break_up() { broken_.store(true, std::memory_order_release); }
  void mend();

  struct Broken {};

 private:
  const int threads_;
  std::atomic<int> arrived_{0};
  std::atomic<std::uint32_t> round_{0};
  std::atomic<bool> broken_{false};
};

/// The threads of a device. They are started by the first work that is divided, wait for more for a moment,
/// and then sleep. A process made by fork() has a copy of the team but none of its threads: it starts its
/// own.
class Team {
 public:
  /// `threads` includes the one that asks for work to be done.
  explicit Team(int threads);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int threads() const { return threads_; }
  Barrier& barrier() { return barrier_; }

  /// Calls work(context, rank) on every thread, the caller's being rank 0, and waits for all. Returns false,
  /// having done nothing, where the team works already, for another thread or further out, or where the
  /// system gives no more threads. Rethrows an exception of any rank.
  bool run(void (*work)(void* context, int rank), void* context);

 private:
  /// What the threads share. A fork() may come at any moment, so that all of it is as good as lost in the
  /// process made: another thread held a lock, was counted as asleep, or was working.
  struct Shared {
    std::atomic_flag busy = ATOMIC_FLAG_INIT;
    std::vector<std::thread> followers;
    void (*work)(void*, int) = nullptr;
    void* context = nullptr;
    std::atomic<std::uint32_t> round{0};
    std::atomic<int> working{0};
    std::atomic<int> leader_processor{-1};
    std::atomic<int> asleep{0};
    std::atomic<bool> leaving{false};
    std::mutex sleep;
    std::condition_variable wake;
    std::mutex failed;
    std::exception_ptr failure;
  };

  /// Whether the team is this process's, which it is from here on unless another thread is making it so.
  bool is_at_home();
  bool start();
  void follow(int rank);
  void attempt(int rank);

  const int threads_;
  Barrier barrier_;
  /// The process that it belongs to, by its number of forks, or `moving` where a thread is making it another
  /// one's.
  std::atomic<std::uint32_t> home_;
  static constexpr std::uint32_t moving = UINT32_MAX;
  /// Never destroyed in another process than the one that made it: that would wait for threads which are not
  /// there.
  std::unique_ptr<Shared> shared_;
};

}  // namespace reel::cpu
