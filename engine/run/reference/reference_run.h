#pragma once
#include <string>

#include "run/reference/reference_plan.h"

namespace reel::reference {

/// One run of a plan whose addresses are bound. Recursive only over the nesting of loops.
class Run {
 public:
  explicit Run(Plan& plan) : plan_(plan) {}
  virtual ~Run() = default;

  void all() { range(0, static_cast<std::int32_t>(plan_.instructions.size()), 0); }
  std::byte* address(const Operand& operand) const;

 protected:
  /// Runs a kernel; `operands` are its inputs, then its output where there is one.
  virtual void call(const Instruction& instruction, Span<const Operand> operands, const KernelCall& call);
  virtual void copy(const Operand& from, const Operand& to);

  Plan& plan_;

 private:
  void range(std::int32_t begin, std::int32_t end, int level);
  void kernel(const Instruction& instruction, int level);
};

/// What is said of an instruction at these steps: operation, origin and operands.
std::string describe(const Plan& plan, const Instruction& instruction, const std::string& what,
                     Span<const std::int64_t> steps);

}  // namespace reel::reference
