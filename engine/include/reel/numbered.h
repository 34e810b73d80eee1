#pragma once
/// @cond
/// @file
/// Values by numbers.
#include "pool.h"

namespace REEL_PUBLIC reel {

/// Values by numbers, each value but once. Number 0 is the one that a value has by itself.
template <class T, class Hash>
class Numbered {
 public:
  /// The value of a number that number_of() gave.
  const T& operator[](std::uint32_t number) const {
    static const T none{};
    return number == 0 ? none : values_[number - 1];
  }

  /// The number of that value, which is added where it has none.
  std::uint32_t number_of(const T& value) {
    if (value == (*this)[0]) return 0;
    if (2 * (values_.size() + 1) > slots_.size()) grow();
    const auto hash = static_cast<std::uint32_t>(Hash()(value));
    auto place = hash & (slots_.size() - 1);
    for (; slots_[place].number != 0; place = (place + 1) & (slots_.size() - 1))
      if (slots_[place].hash == hash && (*this)[slots_[place].number] == value) return slots_[place].number;
    values_.push_back(value);
    slots_[place] = {hash, static_cast<std::uint32_t>(values_.size())};
    return slots_[place].number;
  }

 private:
  /// Of an open hash table: a power of two of slots, at most half of them taken.
  struct Slot {
    std::uint32_t hash = 0, number = 0;
  };
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 8 : 2 * slots_.size());
    old.swap(slots_);
    for (const auto& slot : old) {
      if (slot.number == 0) continue;
      auto place = slot.hash & (slots_.size() - 1);
      while (slots_[place].number != 0) place = (place + 1) & (slots_.size() - 1);
      slots_[place] = slot;
    }
  }

  Pool<T, 1> values_;
  std::vector<Slot> slots_;
};

}  // namespace reel
/// @endcond
