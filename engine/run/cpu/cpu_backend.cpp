#include <reel/device.h>
#include <reel/error.h>
#include <reel/memory.h>

#include <algorithm>
#include <thread>

#include "plan/make_plan.h"
#include "run/backend.h"
#include "run/cpu/cpu_runner.h"
#include "run/cpu/cpu_target.h"

namespace reel {

namespace cpu {

namespace {

Block allocate_block(std::size_t bytes) { return Block(allocate(bytes).release(), FreeMemory()); }

class CpuBackend : public Backend {
 public:
  explicit CpuBackend(const CpuOptions& options)
      : shared_{std::make_shared<Team>(options.threads), std::make_shared<Arenas>(allocate_block),
                std::make_shared<KeptValues>(allocate_block), std::make_shared<UniformTiles>(),
                std::make_shared<CompiledPasses>(options.orders_passes)},
        options_(options) {}

  std::string name() const override { return CpuTarget().name(); }
  int threads() const override { return shared_.team->threads(); }
  std::unique_ptr<Runner> make_runner(const Tape& tape, const std::vector<NodeId>& outputs,
                                      const CompileOptions& options) override {
    auto plan = plan::make_plan(tape, outputs, CpuTarget(), options);
    return cpu::make_runner(make_cpu_plan(std::move(plan), *shared_.uniforms, *shared_.passes, options_),
                            shared_);
  }

 private:
  const Shared shared_;
  const CpuOptions options_;
};

}  // namespace

}  // namespace cpu

Device Device::cpu(int threads) { return cpu(CpuOptions{threads}); }

Device Device::cpu(const CpuOptions& options) {
  auto known = options;
  auto& threads = known.threads;
  if (threads < 0)
    throw Error("[Device] " + std::to_string(threads) + " threads: there must be one, or 0 for all");
  if (threads == 0) threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return Device(std::make_shared<cpu::CpuBackend>(known));
}

}  // namespace reel
