#include "run/cuda/library.h"

#include <dlfcn.h>

#include <reel/error.h>

#include <algorithm>
#include <cstdlib>

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

namespace {

/// Of CUDA, that the driver knows: 13 for 13.1; of any where there is no driver, for those who only compile.
int newest_toolkit() {
  constexpr int newest = 13;
  auto* driver = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  auto* get_version =
      driver ? reinterpret_cast<int (*)(int*)>(::dlsym(driver, "cuDriverGetVersion")) : nullptr;
  int version = 0;
  if (!get_version || get_version(&version) != 0) return newest;
  return std::min(newest, version / 1000);
}

}  // namespace

std::vector<std::string> toolkit_library(const std::string& stem) {
  constexpr int oldest = 12;
  const char* path = std::getenv("CUDA_PATH");
  std::vector<std::string> folders{"", "/usr/local/cuda/lib64/"};
  if (path) folders.insert(folders.begin() + 1, std::string(path) + "/lib64/");
  std::vector<std::string> names;
  for (int version = std::max(newest_toolkit(), oldest); version >= oldest; --version)
    for (const auto& folder : folders)
      names.push_back(folder + "lib" + stem + ".so." + std::to_string(version));
  return names;
}

}  // namespace reel::cuda
