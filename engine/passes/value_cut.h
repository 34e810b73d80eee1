#pragma once
#include <string>
#include <unordered_map>

#include <reel/tape.h>

#include "met_limits.h"
#include "passes/min_cut.h"

namespace reel::passes {

/// The cheapest values to keep so that all that is used can be had: kept, or computed from others that are.
class ValueCut {
 public:
  /// What it takes to keep a value, and to compute it from what it reads; MinCut::unlimited where it can only
  /// be kept.
  void add(NodeId id, std::int64_t to_keep, std::int64_t to_compute);
  // Of values that were added.
  /// One that can be computed reads `input`.
  void reads(NodeId id, NodeId input);
  /// One that can only be kept is there where `other` is.
  void is_as(NodeId id, NodeId other);
  void use(NodeId id);

  bool has(NodeId id) const { return places_.count(id) > 0; }
  std::size_t size() const { return places_.size(); }

  /// False where it takes too long; adds then to `met` that all of `what` is kept.
  bool run(const std::string& what, limits::Met& met);
  bool is_computed(NodeId id) const { return !is_with_source_[places_.at(id).in]; }
  bool is_kept(NodeId id) const { return !is_computed(id) && !is_with_source_[places_.at(id).out]; }

 private:
  struct Place {
    int in, out;  // a value's way through the network
  };
  MinCut cut_;
  std::unordered_map<NodeId, Place> places_;
  std::vector<bool> is_with_source_;
};

}  // namespace reel::passes
