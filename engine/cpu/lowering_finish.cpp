#include <algorithm>
#include <functional>
#include <tuple>

#include "conflicts.h"
#include "lowering.h"

// Addresses, and who works when.

namespace reel::cpu {

void Lowering::flatten(const Block& block, std::int32_t level) {
  for (const auto& line : block.lines) {
    const auto at = flat_.size();
    flat_.push_back(line);
    auto& instruction = flat_.back().instruction;
    instruction.kept = level == 0 && !line.uses.empty();
    for (const auto& use : line.uses)
      if (use.writes && !use.place.kept) instruction.kept = false;
    if (std::none_of(line.uses.begin(), line.uses.end(), [](const Use& use) { return use.writes; }))
      instruction.kept = false;
    if (!line.body) continue;
    flatten(*line.body, level + 1);
    flat_[at].instruction.end = static_cast<std::int32_t>(flat_.size());
  }
}

/// A buffer is in use from its first instruction to its last; used in a loop that it outlives, through the
/// whole loop.
void Lowering::find_lifetimes() {
  std::vector<std::int64_t> heads, ends;  // of the loops around
  for (std::int64_t at = 0; at < static_cast<std::int64_t>(flat_.size()); ++at) {
    while (!ends.empty() && ends.back() <= at) {
      heads.pop_back();
      ends.pop_back();
    }
    for (const auto& use : flat_[at].uses) {
      if (use.place.buffer < 0) continue;
      auto& buffer = buffers_[use.place.buffer];
      const bool outlives = buffer.level < static_cast<int>(heads.size());
      buffer.first = std::min(buffer.first, outlives ? heads[buffer.level] : at);
      buffer.last = std::max(buffer.last, outlives ? ends[buffer.level] - 1 : at);
    }
    if (flat_[at].body) {
      heads.push_back(at);
      ends.push_back(flat_[at].instruction.end);
    }
  }
  for (const auto& [place, operand] : read_at_end_)
    if (place.buffer >= 0) buffers_[place.buffer].last = INT64_MAX;
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    auto& buffer = buffers_[i];
    if (buffer.last < 0 || buffer.first == INT64_MAX) {
      buffer.first = 0;
      buffer.last = std::max<std::int64_t>(buffer.last, 0);
      if (buffer.last == 0) buffer.bytes = 0;  // never used
    }
    if (buffer_kept_[i]) {
      plan_->kept_bytes += buffer.bytes;
      buffer.first = -1;
      buffer.last = INT64_MAX;
    }
  }
  plan_->arena_bytes = place_buffers(buffers_);
  for (auto& line : flat_) {
    auto& instruction = line.instruction;
    instruction.first_operand = static_cast<std::uint32_t>(plan_->operands.size());
    for (const auto& use : line.uses) {
      plan_->operands.push_back(operand(use.place));
      ++(use.writes ? instruction.output_count : instruction.input_count);
    }
  }
  for (auto& [place, target] : read_at_end_) *target = operand(place);
}

Operand Lowering::operand(const Place& place) {
  Operand result;
  result.base = place.base;
  result.offset = place.offset;
  if (place.buffer >= 0) result.offset += static_cast<std::int64_t>(buffers_[place.buffer].offset);
  result.first_stride = static_cast<std::uint32_t>(plan_->strides.size());
  result.stride_count = static_cast<std::uint32_t>(place.steps.size());
  plan_->strides.insert(plan_->strides.end(), place.steps.begin(), place.steps.end());
  std::tie(result.low, result.high) = place.reach();
  return result;
}

/// Work is divided where that saves more than the threads' waiting for one another costs.
void Lowering::divide_work() {
  for (auto& line : flat_) {
    auto& instruction = line.instruction;
    if (instruction.kind == Instruction::Kind::loop) continue;
    const auto index = instruction.index;
    const bool divisible =
        instruction.kind == Instruction::Kind::kernel    ? plan_->kernels[index].most_parts > 1
        : instruction.kind == Instruction::Kind::cluster ? plan_->clusters[index].most_parts() > 1
                                                         : true;
    instruction.divided =
        plan_->threads > 1 && divisible && instruction.nanoseconds > options_.worth_dividing;
  }
}

/// Threads wait before an instruction that touches what another thread may still be working on.
void Lowering::place_barriers() {
  const bool any_divided =
      std::any_of(flat_.begin(), flat_.end(), [](const Line& line) { return line.instruction.divided; });
  if (any_divided) {
    const Conflicts conflicts(*plan_);
    std::vector<Conflicts::Pending> pending;
    Conflicts::Steps around;
    int visits = 0;
    // Recursive over the nesting of loops only.
    const std::function<void(std::size_t, std::size_t)> walk = [&](std::size_t begin, std::size_t end) {
      for (auto at = begin; at < end; ++at) {
        auto& instruction = flat_[at].instruction;
        if (instruction.kind == Instruction::Kind::loop) {
          const auto last = static_cast<std::size_t>(instruction.end);
          // What meets the first step alone should not be waited for at every one: once, before the loop.
          const bool is_divided =
              std::any_of(flat_.begin() + static_cast<std::ptrdiff_t>(at), flat_.begin() + instruction.end,
                          [](const Line& line) { return line.instruction.divided; });
          if (is_divided && !pending.empty()) {
            instruction.barrier = true;
            pending.clear();
          }
          // Twice: what the end of a step leaves pending meets the start of the next one.
          for (int step = 0; step < 2 && instruction.steps > 0; ++step) {
            around.push_back({++visits, instruction.steps});
            walk(at + 1, last);
            around.pop_back();
          }
          at = last - 1;
          continue;
        }
        Conflicts::Pending now{&instruction, around};
        const bool waits = std::any_of(pending.begin(), pending.end(), [&](const Conflicts::Pending& other) {
          // What is not divided is the first thread's, one after the other.
          return (other.instruction->divided || instruction.divided) && conflicts.between(other, now);
        });
        constexpr std::size_t many = 256;  // not worth comparing with
        if (waits || pending.size() > many) instruction.barrier = true;
        if (instruction.barrier) pending.clear();
        pending.push_back(std::move(now));
      }
    };
    walk(0, flat_.size());
  } else {
    plan_->threads = 1;
  }
  // All threads walk a loop in which any of them has something to do or to wait for.
  for (auto& line : flat_) {
    auto& loop = line.instruction;
    for (auto i = plan_->instructions.size() + 1; i < static_cast<std::size_t>(loop.end); ++i)
      loop.divided = loop.divided || flat_[i].instruction.divided || flat_[i].instruction.barrier;
    plan_->instructions.push_back(loop);
  }
}

}  // namespace reel::cpu
