#pragma once
#include <reel/device.h>

#include <cstdlib>
#include <optional>

namespace reel::test {

/// The device that REEL_TEST_GPU names, such as cuda:0; none where it names none.
inline std::optional<Device> real_gpu() {
  static const auto gpu = []() -> std::optional<Device> {
    const char* name = std::getenv("REEL_TEST_GPU");
    if (!name) return std::nullopt;
    return Device::named(name);
  }();
  return gpu;
}

}  // namespace reel::test
