#pragma once
#include <functional>
#include <vector>

#include "run/cpu/compiled/schedule.h"

namespace reel::cpu {

/// Which registers hold the values of a pass while its items are written one after the other, and what is on
/// the stack because they do not suffice. Values that come and go are told to who writes the code.
class Registers {
 public:
  /// Where a value is.
  struct Home {
    int number = -1;  // of its register
    int slot = -1;    // on the stack
    bool in_register() const { return number >= 0; }
  };
  /// Writes what copies a value from its register to its slot.
  using Spill = std::function<void(int value, const Home& home)>;

  Registers(const PassCode& code, const Schedule& schedule, bool has_masks, Spill spill)
      : code_(code), schedule_(schedule), has_masks_(has_masks), spill_(std::move(spill)) {}

  /// Empties them; masks have registers of their own where there are any, of which the first two are taken.
  void start(int vectors);
  /// The item that is written from now on. Nothing is held.
  void begin(int item);

  const Home& home(int value) const { return homes_[static_cast<std::size_t>(value)]; }
  /// Of a class of registers of its own.
  bool is_mask(int value) const { return has_masks_ && reel::is_mask(instruction(value).op); }
  bool is_used_later(int value) const { return schedule_.next_use(value, item_) != Schedule::never; }

  /// A register for a value, which is held from then on: a free one, or that of the value that is needed
  /// last. Nothing that is held is lost, and one register at least is not; what the present item takes
  /// besides has been read by then.
  int take(int value);
  /// Keeps the register of a value through the present item.
  void hold(int value) { held_.push_back(value); }
  /// Gives back what nothing takes any more; a slot may be read by the present item yet.
  void release(int value);
  void release_operands_of(int value);
  /// The register of one value becomes that of another.
  void hand_over(int from, int to);

  /// How many slots there are on the stack.
  int slots() const { return slots_; }

 private:
  static constexpr int taken = -2;

  const VectorInstruction& instruction(int value) const {
    return code_.instructions[static_cast<std::size_t>(value)];
  }
  std::vector<int>& registers_of(int value) { return is_mask(value) ? masks_ : vectors_; }
  bool is_held(int value) const;
  bool is_in_memory(int value) const;
  void evict(int value);
  void leave(int value);
  int take_slot();

  const PassCode& code_;
  const Schedule& schedule_;
  const bool has_masks_;
  const Spill spill_;
  int item_ = 0;
  std::vector<Home> homes_;                   // of each value
  std::vector<int> vectors_, masks_;          // the value of each register
  std::vector<int> held_;                     // values whose registers the present item needs
  std::vector<int> free_slots_, left_slots_;  // the latter are read by the present item yet
  int slots_ = 0;
};

}  // namespace reel::cpu
