#pragma once
#include <vector>

#include "run/cpu/compiled/pass_code.h"

namespace reel::cpu {

/// What a pass does at once, one thing after the other: with `orders` as order_of() tells, otherwise as its
/// instructions stand.
class Schedule {
 public:
  struct Item {
    enum class Kind : std::uint8_t { load, compute, store };
    Kind kind;
    int value;   // loaded, computed or stored
    int result;  // that is stored
  };

  Schedule(const PassCode& code, bool orders);

  const std::vector<Item>& items() const { return items_; }
  /// The first item after `item` that takes the value; `never` where there is none.
  int next_use(int value, int item) const;
  static constexpr int never = 1 << 30;

 private:
  void load(int value);
  void take(int value);
  void store_results(int value);
  void find_needed();
  std::vector<int> order_as_given() const;
  void find_uses();

  const PassCode& code_;
  std::vector<bool> needed_, loaded_;         // of each value
  std::vector<int> operand_values_;           // of each operand, the value
  std::vector<std::vector<int>> results_of_;  // of each value
  std::vector<Item> items_;
  std::vector<std::vector<int>> uses_;  // of each value, by items
};

}  // namespace reel::cpu
