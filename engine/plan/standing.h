#pragma once
#include <unordered_map>

#include <reel/tape.h>

#include "plan/place.h"

namespace reel::plan {

/// Where the values of a tape stand, and where those that are not computed yet are to be written.
class Standing {
 public:
  void resize(NodeId nodes) { places_.resize(nodes); }

  /// Of no known place where nobody has put it anywhere.
  const Place& operator[](NodeId id) const { return places_[id]; }
  const Place& put(NodeId id, const Place& place) {
    note(id, place);
    return places_[id] = place;
  }

  bool has_home(NodeId id) const { return homes_.count(id) != 0; }
  /// Null where it may be written anywhere.
  const Place* home(NodeId id) const {
    const auto found = homes_.find(id);
    return found == homes_.end() ? nullptr : &found->second;
  }
  void give_home(NodeId id, const Place& place) {
    note(id, place);
    homes_[id] = place;
  }

  /// The values that stand in a buffer of the arena, or will; some perhaps twice, or no longer.
  const std::vector<NodeId>& in_buffer(std::int32_t buffer) const {
    static const std::vector<NodeId> none;
    const auto found = in_buffer_.find(buffer);
    return found == in_buffer_.end() ? none : found->second;
  }

 private:
  void note(NodeId id, const Place& place) {
    if (place.buffer >= 0) in_buffer_[place.buffer].push_back(id);
  }

  std::vector<Place> places_;
  std::unordered_map<NodeId, Place> homes_;
  std::unordered_map<std::int32_t, std::vector<NodeId>> in_buffer_;
};

}  // namespace reel::plan
