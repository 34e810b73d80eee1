#pragma once
#include <optional>
#include <unordered_map>

#include "plan/place.h"

namespace reel::plan {

/// Places of which each may be written over once. There may be very many.
class Overwritable {
 public:
  void add(const Place& place) {
    of_type_[place.layout.type].numbers.push_back(places_.size());
    in_buffer_[place.buffer].push_back(places_.size());
    places_.push_back(place);
    is_gone_.push_back(false);
  }

  /// The first of that type, and gone is all that has a byte in common with it; none where none is left.
  std::optional<Place> take(const TensorType& type) {
    auto& [numbers, next] = of_type_[type];
    while (next < numbers.size() && is_gone_[numbers[next]]) ++next;
    if (next == numbers.size()) return std::nullopt;
    const auto& taken = places_[numbers[next]];
    for (auto other : in_buffer_.at(taken.buffer))
      if (!disjoint(places_[other], taken)) is_gone_[other] = true;
    is_gone_[numbers[next]] = true;
    return taken;
  }

 private:
  struct Queue {
    std::vector<std::size_t> numbers;  // of places
    std::size_t next = 0;
  };
  std::vector<Place> places_;
  std::vector<bool> is_gone_;
  std::unordered_map<TensorType, Queue, TypeHash> of_type_;
  std::unordered_map<std::int32_t, std::vector<std::size_t>> in_buffer_;
};

}  // namespace reel::plan
