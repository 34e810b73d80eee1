#pragma once
#include <reel/tape.h>

namespace reel {

/// The origins of one tape on another: what is copied node by node looks each up but once.
class OriginMap {
 public:
  OriginMap(const Tape& from, Tape& to) : from_(from), to_(to) {}

  /// Nodes recorded from now on come from where node `id` of the one tape does.
  void set(NodeId id) {
    const auto number = from_.node(id).origin;
    if (number >= numbers_.size()) numbers_.resize(number + 1, unknown);
    if (numbers_[number] == unknown) {
      to_.set_origin(from_.origin(id));
      numbers_[number] = to_.origin_number();
    }
    to_.return_to_origin(numbers_[number]);
  }

 private:
  static constexpr std::uint32_t unknown = UINT32_MAX;
  const Tape& from_;
  Tape& to_;
  std::vector<std::uint32_t> numbers_;
};

}  // namespace reel
