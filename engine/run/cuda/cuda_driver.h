#pragma once
#include <memory>

#include "run/cuda/driver.h"

namespace reel::cuda {

/// NVIDIA's driver, opened when it is first wanted, and the device of that number. Throws Error that says
/// which library, device or version is missing.
std::shared_ptr<Driver> open_driver(int device);

}  // namespace reel::cuda
