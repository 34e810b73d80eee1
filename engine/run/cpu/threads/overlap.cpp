#include "run/cpu/threads/overlap.h"

#include <algorithm>
#include <cstdlib>

namespace reel::cpu {

bool Overlaps::between(const Pending& a, const Pending& b) const {
  const auto access = [&](const Pending& of, std::size_t number) {
    return Access{of, number, plan_.operands[of.instruction->first_operand + number]};
  };
  const auto &first = *a.instruction, &second = *b.instruction;
  for (std::size_t i = 0; i < first.input_count + first.output_count; ++i)
    for (std::size_t j = 0; j < second.input_count + second.output_count; ++j) {
      const bool both_read = i < first.input_count && j < second.input_count;
      if (!both_read && may_meet(access(a, i), access(b, j))) return true;
    }
  return false;
}

namespace {

/// Whether both move by the same bytes with the steps of the same loops.
bool move_alike(const CpuPlan& plan, const Operand& x, const Operand& y) {
  if (x.stride_count != y.stride_count) return false;
  for (std::uint32_t i = 0; i < x.stride_count; ++i) {
    const auto &a = plan.strides[x.first_stride + i], &b = plan.strides[y.first_stride + i];
    if (a.level != b.level || a.bytes != b.bytes) return false;
  }
  return true;
}

/// The bytes of the base touched at step 0, or at any step.
Reach range(const CpuPlan& plan, const Operand& operand, const std::vector<Overlaps::Around>& around,
            bool one) {
  Reach range{operand.offset + operand.low, operand.offset + operand.high};
  for (std::uint32_t i = 0; i < operand.stride_count && !one; ++i) {
    const auto& stride = plan.strides[operand.first_stride + i];
    range.extend(0, std::max<std::int64_t>(around[stride.level].steps - 1, 0), stride.bytes);
  }
  return range;
}

/// Whether two ranges have a byte in common; with a period, of any two of their repetitions.
bool overlap(const Reach& a, const Reach& b, std::int64_t period) {
  if (a.low >= a.high || b.low >= b.high) return false;
  if (period == 0) return a.low < b.high && b.low < a.high;
  const auto size_a = a.high - a.low, size_b = b.high - b.low;
  if (size_a >= period || size_b >= period) return true;
  const auto distance = ((b.low - a.low) % period + period) % period;
  return distance < size_a || distance + size_b > period;
}

}  // namespace

bool Overlaps::may_meet(const Access& x, const Access& y) const {
  if (x.operand.base != y.operand.base) return false;
  const bool alike = move_alike(plan_, x.operand, y.operand);
  bool same_step = alike;
  for (std::uint32_t i = 0; i < x.operand.stride_count && same_step; ++i) {
    const auto level = plan_.strides[x.operand.first_stride + i].level;
    same_step = x.of.around[level].visit == y.of.around[level].visit;
  }
  if (!overlap(range(plan_, x.operand, x.of.around, same_step),
               range(plan_, y.operand, y.of.around, same_step), 0))
    return false;
  if (same_step) return meet_across_parts(x, y, 0);
  // At any two steps of one loop.
  if (!alike || x.operand.stride_count != 1) return true;
  const auto period = std::abs(plan_.strides[x.operand.first_stride].bytes);
  return period == 0 || meet_across_parts(x, y, period);
}

bool Overlaps::meet_across_parts(const Access& x, const Access& y, std::int64_t period) const {
  std::vector<Reach> of_x, of_y;
  for (int part = 0; part < plan_.threads; ++part) {
    of_x.push_back(reach(x, part));
    of_y.push_back(reach(y, part));
  }
  for (std::size_t p = 0; p < of_x.size(); ++p)
    for (std::size_t q = 0; q < of_y.size(); ++q)
      if (p != q && overlap(of_x[p], of_y[q], period)) return true;
  return false;
}

/// The bytes of the base that a part touches at step 0.
Reach Overlaps::reach(const Access& access, int part) const {
  const auto& instruction = *access.of.instruction;
  const auto& operand = access.operand;
  const Reach all{operand.offset + operand.low, operand.offset + operand.high};
  if (!instruction.divided) return part == 0 ? all : Reach{0, 0};
  std::optional<Reach> own;
  if (instruction.kind == Instruction::Kind::cluster) {
    own = plan_.clusters[instruction.index].reach(access.number, part, plan_.threads);
  } else if (instruction.kind == Instruction::Kind::kernel) {
    const auto& of_kernel = plan_.kernels[instruction.index].reach;
    if (of_kernel) own = of_kernel(access.number, part, plan_.threads);
  }
  if (!own) return all;
  return {operand.offset + own->low, operand.offset + own->high};
}

}  // namespace reel::cpu
