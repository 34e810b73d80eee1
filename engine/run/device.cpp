#include <reel/device.h>
#include <reel/error.h>

#include "run/backend.h"

namespace reel {

Device::Device(std::shared_ptr<Backend> backend) : backend_(std::move(backend)) {
  if (!backend_) throw Error("[Device] of no backend");
}

std::string Device::name() const { return backend_->name(); }
int Device::threads() const { return backend_->threads(); }

}  // namespace reel
