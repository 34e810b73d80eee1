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

/// `more`: attributes that the kernel takes behind the lines.
CudaKernels scan_kernels(const std::string& name, std::vector<const char*> more) {
  CudaKernels kernels;
  kernels.kernel = [name, more = std::move(more)](const KernelRequest& request) {
    auto kernel = along(name + "<" + cuda_name(request.result.type.element) + ">", request.result.type.shape,
                        request.attributes.integer("axis"));
    for (const auto* attribute : more) kernel.numbers.push_back(request.attributes.integer(attribute));
    return kernel;
  };
  return kernels;
}

}  // namespace

CudaKernels cumsum_kernels() { return scan_kernels("cumsum", {"reverse"}); }
CudaKernels linear_scan_kernels() { return scan_kernels("linear_scan", {"reverse", "of_adjoints"}); }

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
