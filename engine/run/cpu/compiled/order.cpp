#include "run/cpu/compiled/order.h"

#include <algorithm>

namespace reel::cpu {

namespace {

/// Cycles until a result can be taken, of today's processors.
double latency_of(VectorOp op) {
  switch (op) {
    case VectorOp::operand:
    case VectorOp::mask_operand:
    case VectorOp::number:
      return 0;
    case VectorOp::divide:
    case VectorOp::square_root:
      return 13;
    case VectorOp::add:
    case VectorOp::subtract:
    case VectorOp::multiply:
    case VectorOp::multiply_add:
    case VectorOp::scale:
      return 4;
    default:
      return 1;
  }
}

/// Takes, one by one, what can begin first; of several what most waits for. Where many values are held, what
/// gives back most of their registers.
class Ordering {
 public:
  Ordering(const PassCode& code, const std::vector<bool>& needed)
      : code_(code),
        needed_(needed),
        is_wide_(code.vector_bytes == 64),
        height_(code.instructions.size()),
        begin_(height_.size()),
        uses_left_(height_.size()),
        waits_for_(height_.size()),
        users_(height_.size()) {
    for (std::size_t i = 0; i < height_.size(); ++i) {
      if (!needed_[i]) continue;
      for_operands(code.instructions[i], [&](int value) {
        users_[at(value)].push_back(static_cast<int>(i));
        ++uses_left_[at(value)];
        if (!is_given(value)) ++waits_for_[i];
      });
    }
    for (auto i = height_.size(); i-- > 0;) {
      height_[i] = latency_of(code.instructions[i].op);
      double most = 0;
      for (auto user : users_[i]) most = std::max(most, height_[at(user)]);
      height_[i] += most;
    }
  }

  std::vector<int> run() {
    std::vector<int> order, ready;  // the latter by their numbers
    for (std::size_t i = 0; i < height_.size(); ++i) {
      if (!needed_[i]) continue;
      if (is_given(static_cast<int>(i)))
        order.push_back(static_cast<int>(i));
      else if (waits_for_[i] == 0)
        ready.push_back(static_cast<int>(i));
    }
    while (!ready.empty()) {
      const auto chosen = best_of(ready);
      const int value = *chosen;
      ready.erase(chosen);
      order.push_back(value);
      take(value, ready);
    }
    return order;
  }

 private:
  static std::size_t at(int i) { return static_cast<std::size_t>(i); }
  const VectorInstruction& instruction(int value) const { return code_.instructions[at(value)]; }
  bool is_number(int value) const { return instruction(value).op == VectorOp::number; }
  /// There from the beginning, in memory.
  bool is_given(int value) const { return operand_count(instruction(value).op) == 0; }
  bool is_loaded(int value) const { return instruction(value).op == VectorOp::operand; }
  bool takes_vector(int value) const {
    return !is_number(value) && !(is_wide_ && is_mask(instruction(value).op));
  }

  /// How many more registers hold something once an instruction is done.
  int registers_of(int value) const {
    const auto& made = instruction(value);
    int change = uses_left_[at(value)] > 0 && takes_vector(value) ? 1 : 0;
    const auto count = [&](int operand, int uses) {
      if (operand < 0 || uses == 0 || !takes_vector(operand)) return;
      const int left = uses_left_[at(operand)], all = static_cast<int>(users_[at(operand)].size());
      change += (is_loaded(operand) && left == all ? 1 : 0) - (left == uses ? 1 : 0);
    };
    count(made.a, 1 + (made.b == made.a) + (made.c == made.a));
    count(made.b, made.b == made.a ? 0 : 1 + (made.c == made.b));
    count(made.c, made.c == made.a || made.c == made.b ? 0 : 1);
    return change;
  }

  /// Among the first ones of many: what is far behind can wait, and a pass may have thousands of
  /// instructions.
  std::vector<int>::iterator best_of(std::vector<int>& ready) const {
    constexpr std::ptrdiff_t most_looked_at = 64;
    // Of 32 registers some are left for what an instruction takes from memory. Of 16 some values go to the
    // stack and back, which takes less than to wait.
    constexpr int most_held = 28;
    const bool is_full = held_ >= most_held;
    const auto is_better = [&](int a, int b) {
      if (is_full) {
        const int change_a = registers_of(a), change_b = registers_of(b);
        if (change_a != change_b) return change_a < change_b;
        return a < b;
      }
      const auto begin_a = std::max(begin_[at(a)], now_), begin_b = std::max(begin_[at(b)], now_);
      if (begin_a != begin_b) return begin_a < begin_b;
      if (height_[at(a)] != height_[at(b)]) return height_[at(a)] > height_[at(b)];
      return a < b;
    };
    const auto end = ready.begin() + std::min<std::ptrdiff_t>(most_looked_at, ready.end() - ready.begin());
    return std::min_element(ready.begin(), end, is_better);
  }

  void take(int value, std::vector<int>& ready) {
    held_ += registers_of(value);
    const double begin = std::max(begin_[at(value)], now_), end = begin + latency_of(instruction(value).op);
    now_ = begin + (is_wide_ ? 1 : 0.5);  // arithmetic units are two, of 32 bytes
    for_operands(instruction(value), [&](int operand) { --uses_left_[at(operand)]; });
    for (auto user : users_[at(value)]) {
      begin_[at(user)] = std::max(begin_[at(user)], end);
      if (--waits_for_[at(user)] == 0) ready.insert(std::lower_bound(ready.begin(), ready.end(), user), user);
    }
  }

  const PassCode& code_;
  const std::vector<bool>& needed_;
  const bool is_wide_;
  std::vector<double> height_, begin_;      // cycles: to the end of all that waits for it; when it can begin
  std::vector<int> uses_left_, waits_for_;  // of each: by instructions, and for how many
  std::vector<std::vector<int>> users_;
  double now_ = 0;
  int held_ = 0;  // registers
};

}  // namespace

std::vector<int> order_of(const PassCode& code, const std::vector<bool>& needed) {
  return Ordering(code, needed).run();
}

}  // namespace reel::cpu
