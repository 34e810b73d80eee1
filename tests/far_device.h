#pragma once
#include <reel/device.h>

#include <set>
#include <string>

namespace reel::test {

struct FarOptions {
  /// Operations for which it has no kernels.
  std::set<std::string> without = {};
  /// Members of a fusion at most; it fuses nothing where that is 0.
  std::size_t most_members = 0;
};

/// A device as unlike the processor as can be, for plans. It takes contiguous operands alone, and the right
/// one of a product in a form of its own; it has memory of its own, into which everything is copied and from
/// which variables are fetched when they are read; it cannot throw while it runs: what goes wrong leaves a
/// word that is read afterwards. If it fuses, it does so element by element, or row by row, in an order drawn
/// by lot.
Device far_device(const FarOptions& options = {});
inline Device fusing_far_device(std::size_t most_members = SIZE_MAX) {
  return far_device({{}, most_members});
}

}  // namespace reel::test
