#include "emulated_kernels.h"

#include <dlfcn.h>
#include <unistd.h>

#include <reel/error.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>

namespace fs = std::filesystem;

namespace reel::test {

namespace {

/// Where this build keeps kernels.
const fs::path folder = REEL_EMULATED_KERNELS;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void write(const fs::path& path, const std::string& text) {
  const auto beside = path.string() + "." + std::to_string(::getpid());
  std::ofstream(beside, std::ios::binary) << text;
  fs::rename(beside, path);
}

/// Texts that belong together have a folder: all headers, and what they are compiled with. Users' own texts
/// have names that follow from them.
fs::path headers_folder(const std::map<std::string, std::string>& headers) {
  std::string all = REEL_EMULATED_COMPILER;
  for (const auto* file : {"grid.h", "fiber.h", "launch.h"}) all += read(fs::path(REEL_EMULATED_SHIM) / file);
  for (const auto& [name, text] : cuda::own_texts()) all += name + text;
  const auto own = folder / std::to_string(std::hash<std::string>()(all));
  for (const auto& [name, text] : headers) {
    const auto path = own / name;
    if (fs::exists(path)) continue;
    fs::create_directories(path.parent_path());
    write(path, text);
  }
  return own;
}

class Kernels {
 public:
  void note(const cuda::Source& source) {
    const std::lock_guard<std::mutex> lock(mutex_);
    add(source);
  }

  void compile(const cuda::Source& source) {
    const std::lock_guard<std::mutex> lock(mutex_);
    add(source);
    if (noted_.kernels.empty()) return;
    const auto own = headers_folder(noted_.headers);
    std::vector<std::string> texts;
    constexpr std::size_t together = 24;  // so that a compiler reads the headers seldom
    std::size_t count = 0;
    for (const auto& [name, text] : noted_.kernels) {
      if (count++ % together == 0) texts.emplace_back();
      texts.back() += text;
    }
    // As many compilers at a time as there are processors.
    std::vector<void*> libraries(texts.size());
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      for (auto i = next++; i < texts.size(); i = next++) libraries[i] = library_of(own, texts[i]);
    };
    std::vector<std::future<void>> workers;
    for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i)
      workers.push_back(std::async(std::launch::async, work));
    for (auto& worker : workers) worker.get();
    libraries_.insert(libraries_.end(), libraries.begin(), libraries.end());
    for (const auto& [name, text] : noted_.kernels) known_[name] = find(name);
    noted_ = {};
  }

  device::EmulatedKernel kernel(const std::string& name) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto known = known_.find(name);
    if (known == known_.end()) throw Error("kernel " + name + " was not compiled");
    return known->second;
  }

 private:
  void add(const cuda::Source& source) {
    noted_.headers.insert(source.headers.begin(), source.headers.end());
    for (const auto& [name, text] : source.kernels)
      if (known_.count(name) == 0) noted_.kernels.emplace(name, text);
  }

  /// Compiled, if it was not before.
  static void* library_of(const fs::path& own, const std::string& text) {
    const auto stem = own / std::to_string(std::hash<std::string>()(text));
    const auto library = stem.string() + ".so";
    if (!fs::exists(library)) {
      const auto source = stem.string() + ".cpp", log = stem.string() + ".log";
      write(source, text);
      const auto made = stem.string() + "." + std::to_string(::getpid()) + ".so";
      const std::string command = REEL_EMULATED_COMPILER " -std=c++17 -fPIC -shared -fvisibility=default -I" +
                                  own.string() + " -I" REEL_EMULATED_SHIM " " + source + " -o " + made +
                                  " > " + log + " 2>&1";
      if (std::system(command.c_str()) != 0)
        throw Error("kernels do not compile: " + command + "\n" + read(log));
      fs::rename(made, library);
    }
    auto* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) throw Error(std::string("kernels cannot be loaded: ") + ::dlerror());
    return handle;
  }

  device::EmulatedKernel find(const std::string& name) const {
    for (auto library = libraries_.rbegin(); library != libraries_.rend(); ++library)
      if (auto* symbol = ::dlsym(*library, name.c_str()))
        return reinterpret_cast<device::EmulatedKernel>(symbol);
    throw Error("kernel " + name + " is in none of the libraries");
  }

  std::mutex mutex_;
  cuda::Source noted_;
  std::vector<void*> libraries_;
  std::map<std::string, device::EmulatedKernel> known_;
};

Kernels& kernels() {
  static Kernels all;
  return all;
}

}  // namespace

void note_kernels(const cuda::Source& source) { kernels().note(source); }
void compile_kernels(const cuda::Source& source) { kernels().compile(source); }
device::EmulatedKernel compiled_kernel(const std::string& name) { return kernels().kernel(name); }

}  // namespace reel::test
