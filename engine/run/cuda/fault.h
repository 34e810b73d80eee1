#pragma once
// Read by compilers of the host and of devices.

namespace reel::device {

/// The first fault of a run, in a device's memory: that of the earliest launch, and there of the first
/// element.
struct Fault {
  /// The number of the launch, times 2^bits_of_element, plus that of the element; none_yet where there is
  /// none.
  unsigned long long key;
  long long value;  // what was refused
  int lock;
};
constexpr int bits_of_element = 40;
constexpr unsigned long long none_yet = ~0ull;

}  // namespace reel::device
