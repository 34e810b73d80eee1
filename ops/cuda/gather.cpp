#include "index_fault.h"
#include "kernels.h"
#include "reference/lines.h"

namespace reel::cuda {

namespace {

using reference::Lines;

/// A kernel of gather.cuh for [outer, extent, inner] and indices of so many positions.
CudaKernel indexed(const char* function, const std::string& type, const Layout& indices,
                   const IndexFault& fault, const Lines& lines, std::int64_t count) {
  CudaKernel kernel{{"gather.cuh", ""},
                    std::string(function) + "<" + type + ", " + cuda_name(indices.type.element) + ">",
                    {lines.outer, fault.extent, count, lines.stride}};
  kernel.fault = [fault](std::int64_t element, std::int64_t index) { return fault.message(element, index); };
  return kernel;
}

IndexFault along(const KernelRequest& request, const Layout& indices, std::int64_t extent) {
  return IndexFault::along(static_cast<int>(request.attributes.integer("axis")), indices.type.shape,
                           request.attributes.text("called"), extent);
}

}  // namespace

CudaKernels gather_kernels() {
  CudaKernels kernels;
  kernels.kernel = [](const KernelRequest& request) {
    const auto &x = request.operands[0], &indices = request.operands[1];
    const Lines lines(x.type.shape, request.attributes.integer("axis"));
    auto kernel = indexed("gather", cuda_bits(x.type.element), indices,
                          {"index", indices.type.shape, lines.count}, lines, indices.type.shape.size());
    kernel.blocks = CudaKernel::blocks_for(request.result.type.shape.size());
    return kernel;
  };
  return kernels;
}

CudaKernels take_along_axis_kernels() {
  CudaKernels kernels;
  kernels.kernel = [](const KernelRequest& request) {
    const auto &x = request.operands[0], &indices = request.operands[1];
    const Lines lines(indices.type.shape, request.attributes.integer("axis"));
    const auto extent = x.type.shape[static_cast<int>(request.attributes.integer("axis"))];
    auto kernel = indexed("take_along_axis", cuda_bits(x.type.element), indices,
                          along(request, indices, extent), lines, lines.count);
    kernel.blocks = CudaKernel::blocks_for(request.result.type.shape.size());
    return kernel;
  };
  return kernels;
}

CudaKernels scatter_add_kernels() {
  CudaKernels kernels;
  kernels.kernel = [](const KernelRequest& request) {
    constexpr std::int64_t columns_of_warp = 128;
    const auto& indices = request.operands[0];
    const Lines lines(request.result.type.shape, request.attributes.integer("axis"));
    auto kernel = indexed("scatter_add", cuda_name(request.result.type.element), indices,
                          {"index", indices.type.shape, lines.count}, lines, indices.type.shape.size());
    const auto pieces = (lines.stride + columns_of_warp - 1) / columns_of_warp;
    kernel.blocks = CudaKernel::blocks_for(lines.outer * lines.count * pieces * 32);
    return kernel;
  };
  return kernels;
}

CudaKernels scatter_add_along_axis_kernels() {
  CudaKernels kernels;
  kernels.kernel = [](const KernelRequest& request) {
    const auto& indices = request.operands[0];
    const auto axis = request.attributes.integer("axis");
    const Lines lines(indices.type.shape, axis);
    const auto extent = request.result.type.shape[static_cast<int>(axis)];
    auto kernel = indexed("scatter_add_along_axis", cuda_name(request.result.type.element), indices,
                          along(request, indices, extent), lines, lines.count);
    kernel.blocks = CudaKernel::blocks_for(request.result.type.shape.size());
    return kernel;
  };
  return kernels;
}

}  // namespace reel::cuda
