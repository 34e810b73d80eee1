#pragma once
#include <functional>

#include <reel/body.h>

namespace reel::passes {

/// A tape, and the values that are wanted of it.
struct Wanted {
  std::unique_ptr<Tape> tape;
  std::vector<NodeId> outputs;
};

/// The step of an unroll, and the values projected of it. A pass may put another in its place.
struct WantedStep {
  std::shared_ptr<Body> body;
  std::vector<NodeId> values;

  /// All that is wanted of it: the values, then what it hands on.
  std::vector<NodeId> results() const {
    auto all = values;
    all.insert(all.end(), body->next.begin(), body->next.end());
    return all;
  }
};
using StepPass = std::function<void(WantedStep&)>;

/// A copy of what is live, every node in its simplest form and each but once; bodies of unrolls likewise.
/// Carries that never change become invariants. All arguments stay. `on_step`, if there is one, gets the step
/// of every unroll, those nested in others first. `is_simple`: the tape is such a copy already, perhaps with
/// other steps.
Wanted simplify(const Tape& tape, const std::vector<NodeId>& outputs, bool is_simple = false,
                const StepPass& on_step = nullptr);

}  // namespace reel::passes
