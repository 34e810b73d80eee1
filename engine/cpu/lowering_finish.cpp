#include "lowering.h"

#include <algorithm>
#include <functional>

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
    instruction.has_output = instruction.output_count > 0;
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
  result.low = 0;
  result.high = place.element_size();
  const auto& shape = place.layout.type.shape;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const auto reach = (shape[axis] - 1) * place.layout.strides[axis] * place.element_size();
    (reach < 0 ? result.low : result.high) += reach;
  }
  if (shape.size() == 0) result.high = result.low;
  return result;
}

/// Work is divided where that saves more than the threads' waiting for one another costs.
void Lowering::divide_work() {
  for (auto& line : flat_) {
    auto& instruction = line.instruction;
    if (instruction.kind == Instruction::Kind::loop) continue;
    const bool divisible =
        instruction.kind != Instruction::Kind::kernel || plan_->kernels[instruction.index].most_parts > 1;
    instruction.divided =
        plan_->threads > 1 && divisible && instruction.nanoseconds > options_.worth_dividing;
  }
}

namespace {

/// The bytes of a base that an operand touches at one step, or at any.
struct Range {
  std::int32_t base;
  std::int64_t low, high;
  bool overlaps(const Range& other) const {
    return base == other.base && low < other.high && other.low < high;
  }
};

}  // namespace

/// Threads wait before an instruction that touches what another thread may still be working on.
void Lowering::place_barriers() {
  struct Pending {
    std::size_t at;
    bool divided;
  };
  std::vector<Pending> pending;
  std::vector<std::int64_t> loop_steps(static_cast<std::size_t>(plan_->loop_depth) + 1, 0);
  const auto& operands = plan_->operands;
  const auto range = [&](const Operand& operand, bool all_steps) {
    Range range{operand.base, operand.offset + operand.low, operand.offset + operand.high};
    if (!all_steps) return range;
    for (std::uint32_t i = 0; i < operand.stride_count; ++i) {
      const auto& stride = plan_->strides[operand.first_stride + i];
      const auto reach = stride.bytes * std::max<std::int64_t>(loop_steps[stride.level] - 1, 0);
      (reach < 0 ? range.low : range.high) += reach;
    }
    return range;
  };
  const auto same_strides = [&](const Operand& a, const Operand& b) {
    if (a.stride_count != b.stride_count) return false;
    for (std::uint32_t i = 0; i < a.stride_count; ++i) {
      const auto &x = plan_->strides[a.first_stride + i], &y = plan_->strides[b.first_stride + i];
      if (x.level != y.level || x.bytes != y.bytes) return false;
    }
    return true;
  };
  const auto conflict = [&](const Instruction& a, const Instruction& b, bool other_step) {
    const auto count = [](const Instruction& i) { return i.input_count + i.output_count; };
    for (std::uint32_t i = 0; i < count(a); ++i)
      for (std::uint32_t j = 0; j < count(b); ++j) {
        if (i < a.input_count && j < b.input_count) continue;  // both read
        const auto &x = operands[a.first_operand + i], &y = operands[b.first_operand + j];
        const bool all = other_step || !same_strides(x, y);
        if (range(x, all).overlaps(range(y, all))) return true;
      }
    return false;
  };
  const bool any_divided =
      std::any_of(flat_.begin(), flat_.end(), [](const Line& line) { return line.instruction.divided; });
  if (any_divided) {
    // Recursive over the nesting of loops only.
    const std::function<void(std::size_t, std::size_t, int)> walk = [&](std::size_t begin, std::size_t end,
                                                                        int level) {
      for (auto at = begin; at < end; ++at) {
        auto& instruction = flat_[at].instruction;
        if (instruction.kind == Instruction::Kind::loop) {
          const auto last = static_cast<std::size_t>(instruction.end);
          loop_steps[level] = instruction.steps;
          if (instruction.steps == 0) {
            at = last - 1;
            continue;
          }
          // Twice: what the end of a step leaves pending meets the start of the next one.
          walk(at + 1, last, level + 1);
          walk(at + 1, last, level + 1);
          at = last - 1;
          continue;
        }
        const bool waits = std::any_of(pending.begin(), pending.end(), [&](const Pending& other) {
          if (!other.divided && !instruction.divided) return false;  // both are the first thread's
          return conflict(flat_[other.at].instruction, instruction, other.at >= at);
        });
        constexpr std::size_t many = 256;  // not worth comparing with
        if (waits || instruction.barrier || pending.size() > many) {
          instruction.barrier = true;
          pending.clear();
        }
        pending.push_back({at, instruction.divided});
      }
    };
    walk(0, flat_.size(), 0);
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
