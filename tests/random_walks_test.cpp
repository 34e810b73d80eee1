// Options of unroll in random combination, against plain loops.

#include <cstdlib>

#include "catch.h"
#include "random_walks.h"

using namespace reel;
using namespace reel::test;

// REEL_RANDOM_WALKS=5000 tries that many.
TEST_CASE("random combinations of lengths, restarts, truncation and checkpoints are plain loops",
          "[sequences]") {
  const char* count = std::getenv("REEL_RANDOM_WALKS");
  const std::uint64_t seeds = count ? std::strtoull(count, nullptr, 10) : 60;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed)
    check_random_walk(seed, seed % 2 ? Device::cpu(1) : Device::cpu(2));
}
