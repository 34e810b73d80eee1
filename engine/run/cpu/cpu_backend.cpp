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
  CpuBackend(int threads, double worth_dividing)
      : shared_{std::make_shared<Team>(threads), std::make_shared<Arenas>(allocate_block),
                std::make_shared<KeptValues>(allocate_block), std::make_shared<UniformTiles>()},
        worth_dividing_(worth_dividing) {}

  std::string name() const override { return CpuTarget().name(); }
  int threads() const override { return shared_.team->threads(); }
  std::unique_ptr<Runner> make_runner(const Tape& tape, const std::vector<NodeId>& outputs,
                                      const CompileOptions& options) override {
    auto plan = plan::make_plan(tape, outputs, CpuTarget(), options);
    return cpu::make_runner(make_cpu_plan(std::move(plan), *shared_.uniforms, threads(), worth_dividing_),
                            shared_);
  }

 private:
  const Shared shared_;
  const double worth_dividing_;
};

}  // namespace

}  // namespace cpu

Device Device::cpu(int threads) { return cpu(CpuOptions{threads}); }

Device Device::cpu(const CpuOptions& options) {
  auto threads = options.threads;
  if (threads < 0)
    throw Error("[Device] " + std::to_string(threads) + " threads: there must be one, or 0 for all");
  if (threads == 0) threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return Device(std::make_shared<cpu::CpuBackend>(threads, options.worth_dividing));
}

}  // namespace reel
