#pragma once
#include "run/cpu/threads/overlap.h"

namespace reel::cpu {

/// Where threads have to wait for one another: before an instruction that touches what another thread may
/// still be working on.
class Barriers {
 public:
  /// Made of a plan whose work is divided already, or about to be.
  explicit Barriers(CpuPlan& plan) : overlaps_(plan), instructions_(plan.instructions) {}

  /// Marks all instructions before which threads wait. Returns whether some wait only since there is too much
  /// to compare with.
  bool place() {
    walk(0, instructions_.size());
    return has_given_up_;
  }

  /// Whether threads would wait within the loop that begins at an instruction.
  bool are_needed_in(std::size_t loop);

 private:
  void walk(std::size_t begin, std::size_t end);
  void walk_loop(std::size_t loop);
  bool waits(const Overlaps::Pending& now);
  void all_have_waited();

  const Overlaps overlaps_;
  std::vector<Instruction>& instructions_;
  /// What threads may still be working on, and the loops around the next instruction.
  std::vector<Overlaps::Pending> pending_;
  std::vector<Overlaps::Around> around_;
  bool is_any_divided_ = false;  // of those pending
  int visits_ = 0;
  bool has_given_up_ = false;
};

}  // namespace reel::cpu
