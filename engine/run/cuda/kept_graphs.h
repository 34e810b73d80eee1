#pragma once
#include <list>

#include "run/cuda/driver.h"

namespace reel::cuda {

/// What was launched of a kernel that may refuse something, so that faults are told by number.
struct Launched {
  std::size_t work;
  std::vector<std::int64_t> steps;
};

/// The launches of a program, kept as graphs: a few sets, one for each combination of what they depend on.
class KeptGraphs {
 public:
  /// Launches of one graph at most; what is more becomes several, so that none takes long to make.
  static constexpr std::size_t most_launches = 4096;
  /// Launches of a program at most that are kept.
  static constexpr std::int64_t most_kept = 65536;

  struct Set {
    std::vector<std::byte*> places;  // where everything stands
    std::vector<bool> makes;         // which work of what is kept
    bool ran = false;                // without graphs: what runs but once needs none
    std::vector<std::shared_ptr<Graph>> graphs;
    std::vector<Launched> launched;
  };

  /// The set for these, an empty one where there was none; the one that was asked for longest ago goes.
  Set& of(const std::vector<std::byte*>& places, const std::vector<bool>& makes) {
    for (auto set = sets_.begin(); set != sets_.end(); ++set)
      if (set->places == places && set->makes == makes) {
        sets_.splice(sets_.begin(), sets_, set);
        return sets_.front();
      }
    sets_.push_front({places, makes, false, {}, {}});
    if (sets_.size() > most_sets) sets_.pop_back();
    return sets_.front();
  }

 private:
  /// A variable that is updated stands in two places by turns, and so do arguments that are staged.
  static constexpr std::size_t most_sets = 8;
  std::list<Set> sets_;
};

}  // namespace reel::cuda
