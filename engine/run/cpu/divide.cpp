#include <algorithm>

#include "run/cpu/threads/barriers.h"
#include "search_limits.h"

// Who does what.

namespace reel::cpu {

namespace {

bool is_divisible(const CpuPlan& plan, const Instruction& instruction) {
  switch (instruction.kind) {
    case Instruction::Kind::kernel:
      return plan.kernels[instruction.index].most_parts > 1;
    case Instruction::Kind::cluster:
      return plan.clusters[instruction.index].most_parts() > 1;
    case Instruction::Kind::copy:
      return true;
    default:
      return false;
  }
}

/// Divides all of the outermost loop that begins there, unless threads would then wait for one another in it.
void divide_loop(CpuPlan& plan, Barriers& barriers, std::size_t loop) {
  auto& instructions = plan.instructions;
  const auto end = static_cast<std::size_t>(instructions[loop].end);
  if (end - loop >= limits::longest_divided_loop) {
    plan.limits.push_back("a loop of " + std::to_string(end - loop - 1) +
                          " instructions is divided one by one: " +
                          std::to_string(limits::longest_divided_loop) + " at most are tried as a whole");
    return;
  }
  std::vector<bool> before;
  for (auto i = loop; i < end; ++i) {
    before.push_back(instructions[i].divided);
    instructions[i].divided = is_divisible(plan, instructions[i]);
  }
  if (barriers.are_needed_in(loop))
    for (auto i = loop; i < end; ++i) instructions[i].divided = before[i - loop];
}

}  // namespace

void divide_loops(CpuPlan& plan) {
  auto& instructions = plan.instructions;
  for (std::size_t at = 0; at < instructions.size(); ++at)
    for (auto i = at + 1; i < static_cast<std::size_t>(instructions[at].end); ++i)
      instructions[at].divided =
          instructions[at].divided || instructions[i].divided || instructions[i].barrier;
}

/// Work is divided where that saves more than the threads' waiting for one another costs: what takes long,
/// and all of a loop in which nobody then waits.
void divide_work(CpuPlan& plan, double worth_dividing) {
  if (plan.threads == 1) return;
  auto& instructions = plan.instructions;
  for (auto& instruction : instructions)
    instruction.divided = is_divisible(plan, instruction) && instruction.nanoseconds > worth_dividing;
  Barriers barriers(plan);
  for (std::size_t at = 0; at < instructions.size(); ++at) {
    if (instructions[at].kind != Instruction::Kind::loop) continue;
    divide_loop(plan, barriers, at);
    at = static_cast<std::size_t>(instructions[at].end) - 1;
  }
  const bool any = std::any_of(instructions.begin(), instructions.end(),
                               [](const Instruction& instruction) { return instruction.divided; });
  if (!any) {
    plan.threads = 1;
    return;
  }
  if (barriers.place())
    plan.limits.push_back("threads wait where more than " + std::to_string(limits::most_pending) +
                          " instructions would have to be compared with the next one");
  divide_loops(plan);
}

}  // namespace reel::cpu
