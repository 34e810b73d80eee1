#include "run/cuda/library.h"

#include <dlfcn.h>

#include <reel/error.h>

namespace reel::cuda {

Library::Library(const std::string& purpose, const std::vector<std::string>& names) {
  std::string tried;
  for (const auto& name : names) {
    if (auto* handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) {
      name_ = name;
      // Never closed: what they start, threads among it, does not end with them.
      handle_.reset(handle, [](void*) {});
      return;
    }
    const char* reason = ::dlerror();
    tried += "\n  " + std::string(reason ? reason : name + " cannot be opened");
  }
  throw Error("[Device] " + purpose + " is not to be found:" + tried);
}

void* Library::symbol(const char* name) const {
  auto* found = ::dlsym(handle_.get(), name);
  if (!found) throw Error("[Device] " + name_ + " has no " + name + ": another version is needed");
  return found;
}

}  // namespace reel::cuda
