#include <algorithm>
#include <tuple>

#include "run/cpu/lowering.h"
#include "run/cpu/threads/barriers.h"

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
  // Before operands are resolved: offsets in an arena that is not to be had mean nothing.
  plan_->arena = arena_for(types_of(plan_->arguments), plan_->arena_bytes, buffers_,
                           [&](std::size_t buffer) { return holder(buffer); });
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

/// By the largest operand that stands in the buffer, and the first instruction that writes to it, which is no
/// copy where there is another.
Holder Lowering::holder(std::size_t buffer) const {
  Holder holder{buffers_[buffer].bytes, {}, "", ""};
  bool is_computed = false;
  for (const auto& line : flat_)
    for (const auto& use : line.uses) {
      if (use.place.buffer != static_cast<std::int32_t>(buffer)) continue;
      const auto& type = use.place.layout.type;
      // What is broadcast takes less than its type.
      if (type.bytes() > holder.type.bytes() && type.bytes() <= holder.bytes) holder.type = type;
      if (!use.writes || is_computed) continue;
      is_computed = line.instruction.kind != Instruction::Kind::copy;
      if (!is_computed && !holder.operation.empty()) continue;
      const auto& note = plan_->notes[line.instruction.note];
      holder.operation = note.what;
      holder.scope = note.origin.scope;
    }
  return holder;
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

/// Work is divided where that saves more than the threads' waiting for one another costs: what takes long,
/// and all of a loop in which nobody then waits.
void Lowering::divide_work() {
  if (plan_->threads == 1) return;
  std::vector<Instruction*> all;
  for (auto& line : flat_) all.push_back(&line.instruction);
  const auto is_divisible = [&](const Instruction& instruction) {
    if (instruction.kind == Instruction::Kind::kernel)
      return plan_->kernels[instruction.index].most_parts > 1;
    if (instruction.kind == Instruction::Kind::cluster)
      return plan_->clusters[instruction.index].most_parts() > 1;
    return instruction.kind == Instruction::Kind::copy;
  };
  for (auto* instruction : all)
    instruction->divided = is_divisible(*instruction) && instruction->nanoseconds > options_.worth_dividing;
  Barriers barriers(*plan_, all);
  for (std::size_t at = 0; at < all.size(); ++at) {
    if (all[at]->kind != Instruction::Kind::loop) continue;
    const auto end = static_cast<std::size_t>(all[at]->end);
    constexpr std::size_t many = 1000;  // instructions, not worth comparing twice
    if (end - at < many) {
      std::vector<bool> before;
      for (auto i = at; i < end; ++i) {
        before.push_back(all[i]->divided);
        all[i]->divided = is_divisible(*all[i]);
      }
      if (barriers.are_needed_in(at))
        for (auto i = at; i < end; ++i) all[i]->divided = before[i - at];
    }
    at = end - 1;
  }
  if (std::any_of(all.begin(), all.end(),
                  [](const Instruction* instruction) { return instruction->divided; }))
    barriers.place();
  else
    plan_->threads = 1;
}

void Lowering::finish_plan() {
  // All threads walk a loop in which any of them has something to do or to wait for.
  for (auto& line : flat_) {
    auto& loop = line.instruction;
    for (auto i = plan_->instructions.size() + 1; i < static_cast<std::size_t>(loop.end); ++i)
      loop.divided = loop.divided || flat_[i].instruction.divided || flat_[i].instruction.barrier;
    plan_->instructions.push_back(loop);
  }
}

}  // namespace reel::cpu
