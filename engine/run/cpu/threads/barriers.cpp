#include "run/cpu/threads/barriers.h"

#include <algorithm>

#include "search_limits.h"

namespace reel::cpu {

bool Barriers::are_needed_in(std::size_t loop) {
  walk_loop(loop);
  bool any = false;
  for (auto at = loop; at < static_cast<std::size_t>(instructions_[loop].end); ++at) {
    any = any || instructions_[at].barrier;
    instructions_[at].barrier = false;
  }
  all_have_waited();
  has_given_up_ = false;  // that was a trial
  return any;
}

/// Recursive over the nesting of loops only.
void Barriers::walk(std::size_t begin, std::size_t end) {
  for (auto at = begin; at < end; ++at) {
    auto& instruction = instructions_[at];
    if (instruction.kind == Instruction::Kind::loop) {
      walk_loop(at);
      at = static_cast<std::size_t>(instruction.end) - 1;
      continue;
    }
    auto now = overlaps_.pending(instruction, around_);
    if (waits(now)) instruction.barrier = true;
    if (instruction.barrier) all_have_waited();
    is_any_divided_ = is_any_divided_ || instruction.divided;
    pending_.push_back(std::move(now));
  }
}

void Barriers::walk_loop(std::size_t loop) {
  auto& instruction = instructions_[loop];
  const auto end = static_cast<std::size_t>(instruction.end);
  const bool is_divided = std::any_of(instructions_.begin() + static_cast<std::ptrdiff_t>(loop),
                                      instructions_.begin() + static_cast<std::ptrdiff_t>(end),
                                      [](const Instruction& inside) { return inside.divided; });
  // What meets the first step alone should not be waited for at every one: once, before the loop.
  if (is_divided && !pending_.empty()) {
    instruction.barrier = true;
    all_have_waited();
  }
  // Twice: what the end of a step leaves pending meets the start of the next one.
  for (int step = 0; step < 2 && instruction.steps > 0; ++step) {
    around_.push_back({++visits_, instruction.steps});
    walk(loop + 1, end);
    around_.pop_back();
  }
}

void Barriers::all_have_waited() {
  pending_.clear();
  is_any_divided_ = false;
}

bool Barriers::waits(const Overlaps::Pending& now) {
  // What is not divided is the first thread's, one after the other.
  if (!is_any_divided_ && !now.instruction->divided) return false;
  const bool are_too_many = pending_.size() > limits::most_pending;
  has_given_up_ = has_given_up_ || are_too_many;
  return are_too_many || std::any_of(pending_.begin(), pending_.end(), [&](const Overlaps::Pending& other) {
           return (other.instruction->divided || now.instruction->divided) && overlaps_.between(other, now);
         });
}

}  // namespace reel::cpu
