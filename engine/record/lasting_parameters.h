#pragma once
#include <reel/tape.h>

#include <unordered_set>

namespace reel {

/// Which parameters of a tape stay as they are from run to run: what is made of them alone is made once. What
/// every run changes, as the tape's updates do, is as good as any other value.
class LastingParameters {
 public:
  explicit LastingParameters(const Tape& tape);

  /// Whether the node is such a parameter.
  bool operator()(NodeId id) const;

 private:
  const Tape& tape_;
  std::unordered_set<const Variable*> updated_;
};

}  // namespace reel
