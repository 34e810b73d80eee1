#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

namespace reel {

/// A block of memory, given back with its last owner; null where there was none.
using Block = std::shared_ptr<std::byte>;
using AllocateBlock = std::function<Block(std::size_t bytes)>;

/// The memory in which the programs of a device work, one after the other in the same: what a run leaves
/// there is of no use to another. Programs that run at the same time get blocks of their own. There is no
/// more of it than the largest program needs, for each of those that have run at once.
class Arenas {
 public:
  explicit Arenas(AllocateBlock allocate) : allocate_(std::move(allocate)) {}
  Arenas(const Arenas&) = delete;
  Arenas& operator=(const Arenas&) = delete;
  ~Arenas();

  struct Arena {
    Block memory;
    std::size_t bytes;
  };

  class Lease;

  /// What a program needs for each of its runs, as long as it lives.
  class Claim {
   public:
    /// Sees to it that there is that much. Throws std::bad_alloc where there is not.
    Claim(std::shared_ptr<Arenas> arenas, std::size_t bytes);
    ~Claim();
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

   private:
    friend class Lease;
    const std::shared_ptr<Arenas> arenas_;
    const std::size_t bytes_;
  };

  /// The arena of a run.
  class Lease {
   public:
    /// Throws std::bad_alloc where another run has what there is, and there is no more.
    explicit Lease(const Claim& claim) : arenas_(*claim.arenas_), arena_(arenas_.take(claim.bytes_)) {}
    ~Lease() { arenas_.give_back(std::move(arena_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    std::byte* memory() const { return arena_->memory.get(); }

   private:
    Arenas& arenas_;
    std::unique_ptr<Arena> arena_;
  };

 private:
  std::unique_ptr<Arena> take(std::size_t bytes);
  void give_back(std::unique_ptr<Arena> arena);
  void drop_what_is_too_large();

  const AllocateBlock allocate_;
  /// The one that was used last: taken and put back without a lock, since there mostly is but one.
  std::atomic<Arena*> last_{nullptr};
  std::atomic<std::size_t> most_{0};  // that a living program needs
  std::mutex mutex_;
  std::vector<std::unique_ptr<Arena>> idle_;
  std::multiset<std::size_t> needs_;
};

}  // namespace reel
