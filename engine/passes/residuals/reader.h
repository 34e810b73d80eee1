#pragma once
#include <reel/unroll_flat.h>

#include "passes/residuals/choice.h"

namespace reel::passes {

/// Values of one unroll, `from`, that another reads at every step.
struct Residuals {
  NodeId from;
  /// The body value, and the sequence it is of the reader's body, by position.
  std::vector<std::pair<NodeId, std::size_t>> used;
};

/// An unroll that stands in for one that reads residuals.
struct NewReader {
  Unroll unroll;
  /// What has become of each value of the old body.
  std::vector<NodeId> values;
};

/// Records a reader of which the step begins with what is recomputed, from what is kept: its sequences.
NewReader record_reader(Tape& tape, NodeId reader, const Residuals& residuals, const Choice& choice);

}  // namespace reel::passes
