#include <reel/device.h>
#include <reel/error.h>

#include "run/backend.h"

namespace reel {

Device::Device(std::shared_ptr<Backend> backend) : backend_(std::move(backend)) {
  if (!backend_) throw Error("[Device] of no backend");
}

std::string Device::name() const { return backend_->name(); }
int Device::threads() const { return backend_->threads(); }

Device Device::named(const std::string& name) {
  if (name == "cpu") return cpu();
  if (name == "reference") return reference();
  const std::string kind = name.substr(0, name.find(':'));
  if (kind == "cuda") {
    const auto number = name.size() > kind.size() ? name.substr(kind.size() + 1) : "0";
    const bool is_number =
        !number.empty() && number.size() < 5 && number.find_first_not_of("0123456789") == std::string::npos;
    if (is_number) return cuda(std::stoi(number));
  }
  throw Error("[Device] there is no device '" + name +
              "'; there are cpu, cuda, cuda:1 and so on, and reference");
}

}  // namespace reel
