#pragma once
#include <reel/device.h>

#include <string>
#include <vector>

#include "cuda/emulated_driver.h"
#include "far_device.h"
#include "real_gpu.h"

/// Every kind of device that a program can run on. What holds for all of them is tested by a loop over these.
namespace reel::test {

inline std::vector<Device> devices() {
  std::vector<Device> all{Device::reference(), Device::cpu(1),      Device::cpu(2),
                          far_device(),        fusing_far_device(), emulated_cuda()};
  if (const auto gpu = real_gpu()) all.push_back(*gpu);
  return all;
}

/// The processor, with all work divided among the threads that can be, however small: slow.
inline Device divided_among(int threads) { return Device::cpu(CpuOptions{threads, -1}); }

/// "cpu, threads: 2"
inline std::string describe(const Device& device) {
  return device.name() + (", threads: " + std::to_string(device.threads()));
}

}  // namespace reel::test
