#pragma once
#include "cuda/emulated_driver.h"

namespace reel::test {

/// A device that is none: kernels are compiled by NVIDIA's compiler, and the PTX that it makes is
/// interpreted. Products are those of the emulated device.
class PtxDriver : public EmulatedDriver {
 public:
  explicit PtxDriver(const Options& options) : EmulatedDriver(options) {}
  std::shared_ptr<cuda::Module> load(const cuda::Source& source) override;

 private:
  void start(cuda::Function function, const cuda::Geometry& geometry, const std::int64_t* words,
             std::size_t count, std::uint64_t seed) override;
};

/// Whether NVIDIA's compiler is here.
bool has_compiler();
Device ptx_cuda(const EmulatedDriver::Options& options = {});

}  // namespace reel::test
