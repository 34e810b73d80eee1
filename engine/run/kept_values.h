#pragma once
#include <condition_variable>
#include <mutex>
#include <string>
#include <unordered_map>

#include "plan/plan.h"
#include "run/arenas.h"

namespace reel {

/// Something made of parameters and constants alone, as weights side by side or packed for a kernel.
struct KeptValue {
  Block memory;
  std::vector<std::shared_ptr<Variable>> variables;  // that it is made of
  /// Other programs may find it. What it would take long to describe is one program's own.
  bool is_shared = true;

 private:
  friend class KeptValues;
  friend class KeptOfProgram;
  /// Those of the variables when it was made; none where it has not been made, or in vain.
  std::vector<std::uint64_t> versions;
  bool is_made = false;
  int maker = 0;  // the process in which a run is making it; 0 where none is
};

/// What the programs of a device keep from run to run: programs that make the same of the same parameters
/// share it. It lives as long as one of them.
class KeptValues {
 public:
  explicit KeptValues(AllocateBlock allocate) : allocate_(std::move(allocate)) {}

  /// Those of a plan, by position. Throws std::bad_alloc.
  std::vector<std::shared_ptr<KeptValue>> of(const plan::Plan& plan);

 private:
  friend class KeptOfProgram;
  const AllocateBlock allocate_;
  std::mutex mutex_;
  std::condition_variable made_;
  std::unordered_map<std::string, std::weak_ptr<KeptValue>> by_recipe_;
};

/// What a program keeps, and which of its work makes it.
class KeptOfProgram {
 public:
  /// The plan must outlive it. Throws std::bad_alloc.
  KeptOfProgram(std::shared_ptr<KeptValues> all, const plan::Plan& plan);

  std::byte* memory(std::size_t position) const { return values_[position]->memory.get(); }
  std::vector<std::pair<const void*, std::size_t>> blocks() const;
  /// Whether the run that has begun need not do this work: what it would make is there.
  bool is_made(std::size_t work) const { return nothing_to_make_ || !to_make_[work]; }
  /// Which work it has to do to make what is not; none where all is there.
  std::vector<bool> to_make() const { return nothing_to_make_ ? std::vector<bool>() : to_make_; }

  /// A run: what is to be made is known from the beginning on, and made where the run succeeds.
  class Run {
   public:
    explicit Run(KeptOfProgram& kept) : kept_(kept) { kept.begin(); }
    ~Run() { kept_.end(succeeded_); }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    void succeeded() { succeeded_ = true; }

   private:
    KeptOfProgram& kept_;
    bool succeeded_ = false;
  };

 private:
  struct Making {
    std::size_t work;
    std::vector<std::size_t> positions;  // that it writes to
  };

  void begin();
  void end(bool well);
  bool is_current(const KeptValue& value) const;

  const std::shared_ptr<KeptValues> all_;
  const plan::Plan& plan_;
  const std::vector<std::shared_ptr<KeptValue>> values_;
  std::vector<Making> makings_;          // work that is cached
  std::vector<std::uint64_t> versions_;  // of the plan's parameters when a run last succeeded
  std::vector<bool> stale_;              // values
  std::vector<bool> to_make_;            // work
  bool nothing_to_make_ = false, has_run_ = false;
};

}  // namespace reel
