#include "run/cpu/threads/overlap.h"

#include <algorithm>
#include <cstdlib>

#include "search_limits.h"

namespace reel::cpu {

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

bool is_before(const Overlaps::Touched& a, const Overlaps::Touched& b) {
  return std::make_pair(a.base, a.bytes.low) < std::make_pair(b.base, b.bytes.low);
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

Overlaps::Pending Overlaps::pending(const Instruction& instruction, const std::vector<Around>& around) const {
  Pending pending{&instruction, around, {}};
  const auto count = instruction.input_count + instruction.output_count;
  pending.touched.reserve(count);
  for (std::uint32_t number = 0; number < count; ++number) {
    const auto& operand = plan_.operands[instruction.first_operand + number];
    const auto bytes = range(plan_, operand, around, false);
    if (bytes.low < bytes.high) pending.touched.push_back({operand.base, bytes, number});
  }
  std::sort(pending.touched.begin(), pending.touched.end(), is_before);
  return pending;
}

Overlaps::Access Overlaps::access(const Pending& of, std::uint32_t number) const {
  return {of, number, plan_.operands[of.instruction->first_operand + number]};
}

bool Overlaps::may_meet(const Pending& a, const Touched& x, const Pending& b, const Touched& y) const {
  const bool both_read = x.number < a.instruction->input_count && y.number < b.instruction->input_count;
  return !both_read && x.base == y.base && overlap(x.bytes, y.bytes, 0) &&
         may_meet(access(a, x.number), access(b, y.number));
}

bool Overlaps::between(const Pending& a, const Pending& b) const {
  constexpr std::size_t few = 256;
  if (a.touched.size() * b.touched.size() > few) return between_many(a, b);
  for (const auto& x : a.touched)
    for (const auto& y : b.touched)
      if (may_meet(a, x, b, y)) return true;
  return false;
}

/// The same, going through the memory of both once: there may be thousands of operands. True as well where
/// it takes too many comparisons.
bool Overlaps::between_many(const Pending& a, const Pending& b) const {
  const Pending* const pair[2] = {&a, &b};
  std::vector<const Touched*> open[2];
  std::size_t next[2] = {0, 0};
  const auto most = limits::most_comparisons * (a.touched.size() + b.touched.size());
  std::size_t comparisons = 0;
  while (next[0] < a.touched.size() || next[1] < b.touched.size()) {
    const bool of_a = next[1] == b.touched.size() ||
                      (next[0] < a.touched.size() && is_before(a.touched[next[0]], b.touched[next[1]]));
    const int own = of_a ? 0 : 1, other = 1 - own;
    const auto& begun = pair[own]->touched[next[own]++];
    const auto is_over = [&](const Touched* touched) {
      return touched->base != begun.base || touched->bytes.high <= begun.bytes.low;
    };
    auto& opposite = open[other];
    opposite.erase(std::remove_if(opposite.begin(), opposite.end(), is_over), opposite.end());
    comparisons += opposite.size();
    if (comparisons > most) return true;
    for (const auto* touched : opposite)
      if (own == 0 ? may_meet(a, begun, b, *touched) : may_meet(a, *touched, b, begun)) return true;
    open[own].push_back(&begun);
  }
  return false;
}

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
  std::vector<Reach> of_x;
  of_x.reserve(static_cast<std::size_t>(plan_.threads));
  for (int part = 0; part < plan_.threads; ++part) of_x.push_back(reach(x, part));
  for (int part = 0; part < plan_.threads; ++part) {
    const auto of_y = reach(y, part);
    for (int other = 0; other < plan_.threads; ++other)
      if (other != part && overlap(of_x[other], of_y, period)) return true;
  }
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
