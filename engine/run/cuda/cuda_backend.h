#pragma once
#include "run/backend.h"
#include "run/cuda/driver.h"

namespace reel::cuda {

/// Makes programs for a device by way of its driver.
std::shared_ptr<Backend> make_backend(std::shared_ptr<Driver> driver);

}  // namespace reel::cuda
