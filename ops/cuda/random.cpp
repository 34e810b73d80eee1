#include "kernels.h"
#include "philox.h"

#include <reel/operation.h>

namespace reel::cuda {

CudaKernels uniform_kernels() {
  CudaKernels kernels;
  kernels.kernel = [](const KernelRequest& request) {
    const auto drawn = type_from(request.attributes);
    const auto each = drawn.shape.size();
    const auto& shape = request.result.type.shape;
    const int axes = shape.rank() - drawn.shape.rank();
    const auto positions = static_cast<int>(request.operands.size()) - 1;
    const auto node = combined(static_cast<Bits64>(request.attributes.integer("seed")),
                               static_cast<Bits64>(request.attributes.integer("key")));
    std::int64_t streams = 1;
    for (int axis = 0; axis < axes; ++axis) streams *= shape[axis];
    CudaKernel kernel{{"random.cuh", ""},
                      "uniform<" + cuda_name(drawn.element) + ", " + std::to_string(positions) + ", " +
                          std::to_string(axes) + ">",
                      {streams, each, static_cast<std::int64_t>(node)}};
    for (int axis = 0; axis < axes; ++axis) kernel.numbers.push_back(shape[axis]);
    // Positions are broadcast to the leading axes of the result.
    for (int p = 1; p <= positions; ++p) {
      const auto& own = request.operands[static_cast<std::size_t>(p)].type.shape;
      std::vector<std::int64_t> strides(static_cast<std::size_t>(axes), 0);
      std::int64_t stride = 1;
      for (int back = 1; back <= own.rank(); ++back) {
        if (own[own.rank() - back] != 1) strides[static_cast<std::size_t>(axes - back)] = stride;
        stride *= own[own.rank() - back];
      }
      kernel.numbers.insert(kernel.numbers.end(), strides.begin(), strides.end());
    }
    kernel.blocks = CudaKernel::blocks_for(streams * ((each + 1) / 2));
    return kernel;
  };
  return kernels;
}

}  // namespace reel::cuda
