#include "kernels.h"
#include "reference/lines.h"

namespace reel::cuda {

namespace {

/// A kernel of scans.cuh with a thread for each line along an axis.
CudaKernel along(const std::string& function, const Shape& shape, std::int64_t axis) {
  const reference::Lines lines(shape, axis);
  CudaKernel kernel{{"scans.cuh", ""}, function, {lines.outer, lines.count, lines.stride}};
  kernel.threads = 128;
  kernel.blocks = CudaKernel::blocks_for(lines.outer * lines.stride, kernel.threads);
  return kernel;
}

}  // namespace

CudaKernels cumsum_kernels() {
  CudaKernels kernels;
  kernels.kernel = [](const KernelRequest& request) {
    const auto& type = request.result.type;
    auto kernel =
        along("cumsum<" + cuda_name(type.element) + ">", type.shape, request.attributes.integer("axis"));
    kernel.numbers.push_back(request.attributes.integer("reverse"));
    return kernel;
  };
  return kernels;
}
CudaKernels linear_scan_kernels() {
  CudaKernels kernels;
  kernels.kernel = [](const KernelRequest& request) {
    const auto& type = request.result.type;
    const auto name = request.operands.size() == 3 ? "linear_scan_from<" : "linear_scan<";
    auto kernel = along(name + cuda_name(type.element) + ">", type.shape, request.attributes.integer("axis"));
    for (const auto* attribute : {"reverse", "after", "of_adjoints"})
      kernel.numbers.push_back(request.attributes.integer(attribute));
    return kernel;
  };
  return kernels;
}

CudaKernels arg_extreme_kernels(bool largest) {
  CudaKernels kernels;
  kernels.kernel = [largest](const KernelRequest& request) {
    const auto& x = request.operands[0].type;
    return along("arg_extreme<" + cuda_name(x.element) + (largest ? ", true>" : ", false>"), x.shape,
                 request.attributes.integers("axes")[0]);
  };
  return kernels;
}

}  // namespace reel::cuda
