#pragma once
#include "run/cpu/cpu_plan.h"

namespace reel::cpu {

/// Which instructions must not be worked on at the same time: those that touch the same bytes, one of them
/// writing, unless each thread keeps to bytes of its own.
class Overlaps {
 public:
  /// A loop around an instruction: entered once more it is another one.
  struct Around {
    int visit;
    std::int64_t steps;  // of the loop
  };

  /// The bytes of a base that an operand touches at any step.
  struct Touched {
    std::int32_t base;
    Reach bytes;
    std::uint32_t number;  // of the operand
  };

  /// An instruction that threads may still be working on, and the loops around it.
  struct Pending {
    const Instruction* instruction;
    std::vector<Around> around;
    std::vector<Touched> touched;  // in the order of memory
  };
  Pending pending(const Instruction& instruction, const std::vector<Around>& around) const;

  explicit Overlaps(const CpuPlan& plan) : plan_(plan) {}

  /// `a` was begun before `b`.
  bool between(const Pending& a, const Pending& b) const;

 private:
  /// An operand of an instruction.
  struct Access {
    const Pending& of;
    std::size_t number;
    const Operand& operand;
  };

  Access access(const Pending& of, std::uint32_t number) const;
  bool between_many(const Pending& a, const Pending& b) const;
  bool may_meet(const Pending& a, const Touched& x, const Pending& b, const Touched& y) const;
  bool may_meet(const Access& x, const Access& y) const;
  bool meet_across_parts(const Access& x, const Access& y, std::int64_t period) const;
  Reach reach(const Access& access, int part) const;

  const CpuPlan& plan_;
};

}  // namespace reel::cpu
