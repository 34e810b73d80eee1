#include "run/cpu/compiled/schedule.h"

#include <algorithm>

#include "run/cpu/compiled/order.h"

namespace reel::cpu {

Schedule::Schedule(const PassCode& code, bool orders)
    : code_(code),
      needed_(code.instructions.size()),
      loaded_(code.instructions.size()),
      operand_values_(code.operands.size()),
      results_of_(code.instructions.size()) {
  find_needed();
  for (auto value : orders ? order_of(code, needed_) : order_as_given()) {
    const auto& instruction = code.instructions[static_cast<std::size_t>(value)];
    if (operand_count(instruction.op) > 0) {
      for_operands(instruction, [&](int operand) { take(operand); });
      items_.push_back({Item::Kind::compute, value, -1});
    }
    store_results(value);
  }
  find_uses();
}

void Schedule::find_needed() {
  for (std::size_t r = 0; r < code_.results.size(); ++r) {
    const auto value = static_cast<std::size_t>(code_.results[r].value);
    needed_[value] = true;
    results_of_[value].push_back(static_cast<int>(r));
  }
  for (auto i = code_.instructions.size(); i-- > 0;) {
    const auto& instruction = code_.instructions[i];
    if (instruction.op == VectorOp::operand) operand_values_[instruction.bits] = static_cast<int>(i);
    if (needed_[i])
      for_operands(instruction, [&](int value) { needed_[static_cast<std::size_t>(value)] = true; });
  }
}

std::vector<int> Schedule::order_as_given() const {
  std::vector<int> order;
  for (std::size_t i = 0; i < needed_.size(); ++i)
    if (needed_[i]) order.push_back(static_cast<int>(i));
  return order;
}

void Schedule::load(int value) {
  if (loaded_[static_cast<std::size_t>(value)]) return;
  loaded_[static_cast<std::size_t>(value)] = true;
  items_.push_back({Item::Kind::load, value, -1});
}

void Schedule::take(int value) {
  if (code_.instructions[static_cast<std::size_t>(value)].op == VectorOp::operand) load(value);
}

/// As soon as the value is there, and what the memory held has been read.
void Schedule::store_results(int value) {
  for (auto r : results_of_[static_cast<std::size_t>(value)]) {
    const auto& result = code_.results[static_cast<std::size_t>(r)];
    take(value);
    for (auto operand : result.overwrites) {
      const auto lost = operand_values_[static_cast<std::size_t>(operand)];
      if (needed_[static_cast<std::size_t>(lost)]) load(lost);
    }
    items_.push_back({Item::Kind::store, value, r});
  }
}

void Schedule::find_uses() {
  uses_.resize(code_.instructions.size());
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const auto at = static_cast<int>(i);
    if (items_[i].kind == Item::Kind::store) uses_[static_cast<std::size_t>(items_[i].value)].push_back(at);
    if (items_[i].kind == Item::Kind::compute)
      for_operands(code_.instructions[static_cast<std::size_t>(items_[i].value)],
                   [&](int value) { uses_[static_cast<std::size_t>(value)].push_back(at); });
  }
}

int Schedule::next_use(int value, int item) const {
  const auto& uses = uses_[static_cast<std::size_t>(value)];
  const auto found = std::upper_bound(uses.begin(), uses.end(), item);
  return found == uses.end() ? never : *found;
}

}  // namespace reel::cpu
