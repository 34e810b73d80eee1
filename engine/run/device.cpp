#include <reel/device.h>

#include "run/backend.h"

namespace reel {

std::string Device::name() const { return backend_->name(); }
int Device::threads() const { return backend_->threads(); }

}  // namespace reel
