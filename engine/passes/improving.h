#pragma once
#include "passes/pipeline.h"

namespace reel::passes {

/// The tape as the passes so far have left it.
class Improving {
 public:
  Improving(const Tape& recorded, const std::vector<NodeId>& outputs)
      : recorded_(recorded), now_{{nullptr, outputs}, {}} {}

  const Tape& tape() const { return now_.tape ? *now_.tape : recorded_; }
  const std::vector<NodeId>& outputs() const { return now_.outputs; }
  void become(Wanted next) { static_cast<Wanted&>(now_) = std::move(next); }
  /// The simplest form of it; `on_step` as of simplify().
  void simplify(const StepPass& on_step = nullptr) {
    become(passes::simplify(tape(), outputs(), is_simple_, on_step));
    is_simple_ = true;
  }
  void become_split(Wanted next) {
    become(std::move(next));
    is_simple_ = false;
  }
  Improved& own() { return now_; }
  limits::Met& limits() { return now_.limits; }
  bool has_unrolls() const {
    for (NodeId id = 0; id < tape().size(); ++id)
      if (tape().node(id).operation->kind == Kind::unroll) return true;
    return false;
  }

 private:
  const Tape& recorded_;
  Improved now_;
  bool is_simple_ = false;
};

}  // namespace reel::passes
