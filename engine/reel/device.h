#pragma once

namespace reel {

/// Where a model lives and its programs run.
class Device {
 public:
  /// The processor. Its programs are run by the reference runner: plain, single-threaded, the one every other
  /// is tested against.
  static Device cpu() { return Device(); }

  const char* name() const { return "cpu"; }

 private:
  Device() = default;
};

}  // namespace reel
