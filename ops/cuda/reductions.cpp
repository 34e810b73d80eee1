#include "axis_groups.h"
#include "kernels.h"

namespace reel::cuda {

CudaKernels reduction_kernels(const char* type, std::function<std::size_t(ElementType)> total_bytes) {
  const CudaFunctor functor{{"reductions.h", ""}, "reductions::" + std::string(type)};
  CudaKernels kernels;
  kernels.reduction = functor;
  kernels.total_bytes = total_bytes;
  kernels.kernel = [functor, total_bytes](const KernelRequest& request) {
    constexpr std::int64_t long_lines = 256, many_results = 1 << 15;
    const auto& x = request.operands[0].type;
    const AxisGroups groups(x.shape, request.attributes.integers("axes"));
    auto kept = groups.kept, reduced = groups.reduced;
    (groups.columns_reduced ? reduced : kept).push_back({groups.columns, 1});
    const auto results = AxisGroups::count(kept), joined = AxisGroups::count(reduced);
    const bool by_blocks = joined >= long_lines && results < many_results;
    CudaKernel kernel{
        {"reduce.cuh", ""}, by_blocks ? "reduce_by_blocks" : "reduce_by_threads", {results, joined}};
    kernel.function += "<" + functor.type + ", " + cuda_name(x.element) + ", " + std::to_string(kept.size()) +
                       ", " + std::to_string(reduced.size()) + ">";
    for (const auto* axes : {&kept, &reduced})
      for (const auto& axis : *axes) kernel.numbers.insert(kernel.numbers.end(), {axis.extent, axis.stride});
    kernel.blocks = by_blocks ? results : CudaKernel::blocks_for(results);
    if (by_blocks) kernel.shared_bytes = kernel.threads / 32 * total_bytes(x.element);
    return kernel;
  };
  return kernels;
}

}  // namespace reel::cuda
