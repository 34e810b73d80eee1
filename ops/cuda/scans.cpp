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
    const auto axis = request.attributes.integer("axis");
    const reference::Lines lines(type.shape, axis);
    // With fewer lines most of a device would wait for long ones.
    constexpr std::int64_t few = 16384, many_steps = 64;
    const bool in_parts = lines.outer * lines.stride < few && lines.count >= many_steps;
    const std::string name = "linear_scan<" + cuda_name(type.element) +
                             (request.operands.size() == 3 ? ", true" : ", false") +
                             (in_parts ? ", true>" : ", false>");
    auto kernel = along(name, type.shape, axis);
    for (const auto* attribute : {"reverse", "after", "of_adjoints"})
      kernel.numbers.push_back(request.attributes.integer(attribute));
    if (in_parts) {
      // Neighbours along the innermost axis read side by side.
      std::int64_t lanes = 1;
      while (lanes < 32 && lanes < lines.outer * lines.stride) lanes *= 2;
      kernel.numbers.push_back(lanes);
      kernel.threads = 256;
      kernel.blocks = (lines.outer * lines.stride + lanes - 1) / lanes;
      kernel.shared_bytes = 2 * sizeof(double) * static_cast<std::size_t>(kernel.threads);
    }
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
