#include "ptx_driver.h"

#include <reel/error.h>

#include <map>

#include "actions.h"
#include "run/cuda/compiler.h"
#include "run/cuda/cuda_backend.h"

namespace reel::test {

namespace {

/// A kernel among those that were compiled with it.
struct Kernel {
  std::shared_ptr<const ptx::Text> text;
  const ptx::Routine* routine;
};

/// Compiled together: all that have been noted when one of them is wanted.
class Kernels {
 public:
  void note(const cuda::Source& source) {
    const std::lock_guard<std::mutex> lock(mutex_);
    noted_.headers.insert(source.headers.begin(), source.headers.end());
    for (const auto& [name, text] : source.kernels)
      if (known_.count(name) == 0) noted_.kernels.emplace(name, text);
  }

  void compile() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (noted_.kernels.empty()) return;
    auto text = std::make_shared<ptx::Text>(ptx::read(cuda::compile(noted_, "sm_90").ptx));
    for (auto& [name, routine] : text->routines)
      for (auto& instruction : routine.code) instruction.action = &ptx::action_of(instruction.name);
    for (const auto& [name, kernel] : noted_.kernels) known_[name] = {text, &text->routines.at(name)};
    noted_ = {};
  }

  const Kernel* find(const std::string& name) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return &known_.at(name);
  }

 private:
  std::mutex mutex_;
  cuda::Source noted_;
  std::map<std::string, Kernel> known_;
};

Kernels& kernels() {
  static Kernels all;
  return all;
}

class PtxModule : public cuda::Module {
 public:
  explicit PtxModule(bool is_noted) : is_noted_(is_noted) {}
  cuda::Function function(const std::string& name) override {
    return is_noted_ ? nullptr : kernels().find(name);
  }

 private:
  const bool is_noted_;
};

}  // namespace

std::shared_ptr<cuda::Module> PtxDriver::load(const cuda::Source& source) {
  kernels().note(source);
  if (!options().only_notes) kernels().compile();
  return std::make_shared<PtxModule>(options().only_notes);
}

void PtxDriver::start(cuda::Function function, const cuda::Geometry& geometry, const std::int64_t* words,
                      std::size_t count, std::uint64_t seed) {
  const auto& kernel = *static_cast<const Kernel*>(function);
  ptx::Launch launch;
  launch.blocks = static_cast<unsigned>(geometry.blocks);
  launch.threads = static_cast<unsigned>(geometry.threads);
  launch.shared_bytes = geometry.shared_bytes;
  launch.words = words;
  launch.count = count;
  launch.seed = seed;
  launch.is_memory = [this](const void* memory, std::size_t bytes) { return holds(memory, bytes); };
  ptx::Machine(*kernel.text, launch).run(*kernel.routine);
}

bool has_compiler() {
  try {
    cuda::compiler_version();
    return true;
  } catch (const Error&) {
    return false;
  }
}

Device ptx_cuda(const EmulatedDriver::Options& options) {
  return Device(cuda::make_backend(std::make_shared<PtxDriver>(options)));
}

}  // namespace reel::test
