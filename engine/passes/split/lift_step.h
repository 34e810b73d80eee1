#pragma once
#include <reel/body.h>

namespace reel::passes {

/// A value of a step as it stands outside the loop: of all steps [T, ...], or the one that does not vary.
struct LiftedValue {
  Tensor tensor;
  bool lifted = false;
};

/// Records values of a body for all steps at once on the tape around it, each once what it depends on is
/// there. A recording of that tape must be in progress.
class Lifting {
 public:
  /// `silent`: effects of the source have happened already.
  Lifting(Tape& target, const Tape& source, std::int64_t steps, bool silent)
      : target_(target), source_(source), steps_(steps), silent_(silent), values_(source.size()) {}

  void set(NodeId id, const Tensor& tensor, bool lifted) { values_[id] = {tensor, lifted}; }
  bool has(NodeId id) const { return values_[id].tensor.defined(); }
  const LiftedValue& operator[](NodeId id) const { return values_[id]; }
  /// [T, ...], repeated where it does not vary.
  Tensor at_every_step(NodeId id) const;

  /// Records a node that is no unroll and none of its projections.
  void node(NodeId id);
  /// Records an unroll, for all steps of the loop around it at once, and these projections of it.
  void unroll(NodeId id, const std::vector<NodeId>& projections);

  /// Operands of a node, ready to be lifted.
  Lift lift_of(NodeId id) const;

 private:
  void invariant_unroll(NodeId id, const std::vector<NodeId>& projections);

  Tape& target_;
  const Tape& source_;
  const std::int64_t steps_;
  const bool silent_;
  std::vector<LiftedValue> values_;
};

}  // namespace reel::passes
