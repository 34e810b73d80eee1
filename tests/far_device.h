#pragma once
#include <reel/device.h>

#include <set>
#include <string>

namespace reel::test {

/// A device as unlike the processor as can be, for plans: it fuses nothing, takes contiguous operands alone,
/// has memory of its own, into which everything is copied and from which variables are fetched when they are
/// read, and cannot throw while it runs: what goes wrong leaves a word that is read afterwards. It has no
/// kernels for the operations `without`.
Device far_device(const std::set<std::string>& without = {});

}  // namespace reel::test
