#pragma once
#include <cstdint>

namespace reel::device {

/// How a kernel is run on the emulated device.
struct LaunchOrder {
  unsigned blocks, threads;
  std::uint64_t shared_bytes;
  /// Of the order of blocks and threads; 0: in their order.
  std::uint64_t seed;
};

/// What a kernel that is compiled as C++ exports under its name: runs it, and writes what went wrong, at most
/// so many bytes with the zero at the end; an empty text where nothing did.
using EmulatedKernel = void (*)(const LaunchOrder& order, const long long* words, char* failure,
                                std::uint64_t size);

}  // namespace reel::device
