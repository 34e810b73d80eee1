#include "run/cpu/compiled/registers.h"

#include <algorithm>

namespace reel::cpu {

void Registers::start(int vectors) {
  homes_.assign(code_.instructions.size(), {});
  vectors_.assign(static_cast<std::size_t>(vectors), -1);
  masks_.assign(has_masks_ ? 8 : 0, -1);
  if (has_masks_) masks_[0] = masks_[1] = taken;
  free_slots_.clear();
  left_slots_.clear();
}

void Registers::begin(int item) {
  item_ = item;
  held_.clear();
  free_slots_.insert(free_slots_.end(), left_slots_.begin(), left_slots_.end());
  left_slots_.clear();
}

int Registers::take(int value) {
  auto& all = registers_of(value);
  int chosen = -1, latest = -1;
  for (int r = 0; r < static_cast<int>(all.size()); ++r) {
    const int held = all[static_cast<std::size_t>(r)];
    if (held == taken || is_held(held)) continue;
    const int use = held < 0 ? Schedule::never + 1 : schedule_.next_use(held, item_ - 1);
    if (use > latest) chosen = r, latest = use;
  }
  if (const int held = all[static_cast<std::size_t>(chosen)]; held >= 0) evict(held);
  all[static_cast<std::size_t>(chosen)] = value;
  homes_[static_cast<std::size_t>(value)].number = chosen;
  hold(value);
  return chosen;
}

bool Registers::is_held(int value) const {
  return value >= 0 && std::find(held_.begin(), held_.end(), value) != held_.end();
}

/// Whether it can be read from memory again.
bool Registers::is_in_memory(int value) const {
  const auto& made = instruction(value);
  return made.op == VectorOp::number ||
         (made.op == VectorOp::operand && !code_.operands[made.bits].is_overwritten);
}

void Registers::evict(int value) {
  auto& at = homes_[static_cast<std::size_t>(value)];
  if (schedule_.next_use(value, item_ - 1) != Schedule::never && !is_in_memory(value) && at.slot < 0) {
    at.slot = take_slot();
    spill_(value, at);
  }
  leave(value);
}

int Registers::take_slot() {
  if (free_slots_.empty()) return slots_++;
  const int slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

void Registers::leave(int value) {
  auto& at = homes_[static_cast<std::size_t>(value)];
  if (at.number >= 0) registers_of(value)[static_cast<std::size_t>(at.number)] = -1;
  at.number = -1;
}

void Registers::release(int value) {
  if (value < 0 || is_used_later(value)) return;
  leave(value);
  auto& at = homes_[static_cast<std::size_t>(value)];
  if (at.slot >= 0) left_slots_.push_back(at.slot);
  at.slot = -1;
}

void Registers::release_operands_of(int value) {
  held_.clear();
  const auto& made = instruction(value);
  for (int operand : {made.a, made.b, made.c}) release(operand);
}

void Registers::hand_over(int from, int to) {
  const auto number = home(from).number;
  registers_of(to)[static_cast<std::size_t>(number)] = to;
  homes_[static_cast<std::size_t>(to)].number = number;
  homes_[static_cast<std::size_t>(from)].number = -1;
  release_operands_of(to);
}

}  // namespace reel::cpu
