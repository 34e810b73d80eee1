#pragma once
#include <algorithm>
#include <functional>

#include "run/cpu/threads/barriers.h"

/// Plans whose instructions touch the bytes that a test wants.
namespace reel::test {

constexpr std::int64_t row = 64;  // bytes

/// Bytes of a base, moving with the loops around.
struct Touched {
  int base;
  std::int64_t first, last;
  std::vector<plan::Stride> strides = {};
};

/// Whether each part of an instruction keeps to bytes of its own.
enum class Parts { anywhere, own };

/// A plan made by hand, for two threads unless said otherwise.
struct HandMade {
  cpu::CpuPlan plan;

  explicit HandMade(int threads = 2) { plan.threads = threads; }

  /// An instruction that is divided, which any part of it may touch all of, or an equal share.
  std::size_t add(const std::vector<Touched>& inputs, const std::vector<Touched>& outputs,
                  Parts parts = Parts::anywhere) {
    cpu::Instruction made{cpu::Instruction::Kind::kernel};
    made.divided = true;
    made.first_operand = static_cast<std::uint32_t>(plan.operands.size());
    made.input_count = static_cast<std::uint32_t>(inputs.size());
    made.output_count = static_cast<std::uint32_t>(outputs.size());
    made.index = static_cast<std::uint32_t>(plan.kernels.size());
    std::vector<std::int64_t> sizes;
    for (const auto* list : {&inputs, &outputs})
      for (const auto& touched : *list) {
        add_operand(touched);
        sizes.push_back(touched.last - touched.first);
      }
    plan.kernels.emplace_back();
    if (parts == Parts::own)
      plan.kernels.back().reach = [sizes](std::size_t operand, int part, int count) {
        return std::optional<Reach>(
            Reach{sizes[operand] * part / count, sizes[operand] * (part + 1) / count});
      };
    plan.instructions.push_back(made);
    return plan.instructions.size() - 1;
  }

  /// The first thread's alone.
  std::size_t add_undivided(const std::vector<Touched>& inputs, const std::vector<Touched>& outputs) {
    const auto at = add(inputs, outputs);
    plan.instructions[at].divided = false;
    return at;
  }

  /// A loop around what `body` adds.
  std::size_t loop(std::int64_t steps, const std::function<void()>& body) {
    const auto at = plan.instructions.size();
    cpu::Instruction made{cpu::Instruction::Kind::loop};
    made.steps = steps;
    made.divided = true;
    plan.instructions.push_back(made);
    body();
    plan.instructions[at].end = static_cast<std::int32_t>(plan.instructions.size());
    return at;
  }

  /// Before which instructions threads wait.
  std::vector<std::size_t> barriers() {
    cpu::Barriers(plan).place();
    std::vector<std::size_t> found;
    for (std::size_t at = 0; at < plan.instructions.size(); ++at)
      if (plan.instructions[at].barrier) found.push_back(at);
    return found;
  }

 private:
  void add_operand(const Touched& touched) {
    plan.operands.push_back({touched.base, static_cast<std::uint32_t>(plan.strides.size()),
                             static_cast<std::uint32_t>(touched.strides.size()), touched.first, 0,
                             touched.last - touched.first});
    plan.strides.insert(plan.strides.end(), touched.strides.begin(), touched.strides.end());
  }
};

/// Before how many instructions threads wait.
inline std::ptrdiff_t barriers_of(const cpu::CpuPlan& plan) {
  return std::count_if(plan.instructions.begin(), plan.instructions.end(),
                       [](const cpu::Instruction& instruction) { return instruction.barrier; });
}

}  // namespace reel::test
