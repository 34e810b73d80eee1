#pragma once
#include <atomic>
#include <condition_variable>
#include <exception>
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
/// and then sleep.
class Team {
 public:
  /// `threads` includes the one that asks for work to be done.
  explicit Team(int threads) : threads_(threads), barrier_(threads) {}
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
  bool start();
  void follow(int rank);
  void attempt(int rank);

  const int threads_;
  Barrier barrier_;
  std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
  std::vector<std::thread> followers_;

  void (*work_)(void*, int) = nullptr;
  void* context_ = nullptr;
  std::atomic<std::uint32_t> round_{0};
  std::atomic<int> working_{0};
  std::atomic<int> leader_processor_{-1};
  std::atomic<int> asleep_{0};
  std::atomic<bool> leaving_{false};
  std::mutex sleep_;
  std::condition_variable wake_;
  std::mutex failed_;
  std::exception_ptr failure_;
};

}  // namespace reel::cpu
