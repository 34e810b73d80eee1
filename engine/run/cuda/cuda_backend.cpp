#include "run/cuda/cuda_backend.h"

#include <reel/device.h>

#include "plan/make_plan.h"
#include "run/cuda/cuda_driver.h"
#include "run/cuda/cuda_runner.h"
#include "run/cuda/cuda_target.h"

namespace reel::cuda {

namespace {

class CudaBackend : public Backend {
 public:
  explicit CudaBackend(std::shared_ptr<Driver> driver) : board_(std::make_shared<Board>(std::move(driver))) {}
  std::string name() const override { return CudaTarget().name(); }
  std::unique_ptr<Runner> make_runner(const Tape& tape, const std::vector<NodeId>& outputs,
                                      const CompileOptions& options) override {
    return cuda::make_runner(
        make_cuda_plan(plan::make_plan(tape, outputs, CudaTarget(), options), options.products), board_);
  }

 private:
  const std::shared_ptr<Board> board_;
};

}  // namespace

std::shared_ptr<Backend> make_backend(std::shared_ptr<Driver> driver) {
  return std::make_shared<CudaBackend>(std::move(driver));
}

}  // namespace reel::cuda

namespace reel {

Device Device::cuda(int number) { return Device(cuda::make_backend(cuda::open_driver(number))); }

}  // namespace reel
