#include <cstring>

#include "kernels.h"

namespace reel::cuda {

namespace {

CudaKernel over(const std::string& function, const TensorType& result) {
  const auto count = result.shape.size();
  CudaKernel kernel{{"elements.cuh", ""}, function + "<" + cuda_name(result.element) + ">", {count}};
  kernel.blocks = CudaKernel::blocks_for(count);
  return kernel;
}

}  // namespace

CudaKernels fill_kernels() {
  CudaKernels kernels;
  kernels.kernel = [](const KernelRequest& request) {
    auto kernel = over("fill", request.result.type);
    std::int64_t bits = 0;
    with_type(request.result.type.element, [&](auto zero) {
      const auto value = static_cast<decltype(zero)>(request.attributes.real("value"));
      std::memcpy(&bits, &value, sizeof value);
    });
    kernel.numbers.push_back(bits);
    return kernel;
  };
  return kernels;
}

CudaKernels iota_kernels() {
  CudaKernels kernels;
  kernels.kernel = [](const KernelRequest& request) { return over("iota", request.result.type); };
  return kernels;
}

}  // namespace reel::cuda
