#pragma once
#include <reel/device.h>

#include <cstdint>

namespace reel::test {

/// Checks an unroll with lengths, restarts, truncation and other options drawn from `seed`, with NaN and the
/// like in its padding, against plain loops over one sequence at a time: values, gradients and second ones.
void check_random_walk(std::uint64_t seed, const Device& device);

}  // namespace reel::test
