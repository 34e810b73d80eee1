#include <algorithm>

#include "axis_groups.h"
#include "kernels.h"

namespace reel::cuda {

namespace {

/// A block of `whole` joins all of a result; here so many share in it, each with a total of its own, and a
/// second kernel joins those.
CudaKernel in_parts(CudaKernel whole, const CudaFunctor& functor, ElementType element, std::int64_t results,
                    std::int64_t parts, std::size_t total_bytes) {
  CudaKernel last{
      {"reduce.cuh", ""}, "join_parts<" + functor.type + ", " + cuda_name(element) + ">", {results, parts}};
  last.threads = 64;
  last.blocks = CudaKernel::blocks_for(results, last.threads);
  last.work_bytes = whole.work_bytes = static_cast<std::size_t>(results * parts) * total_bytes;
  whole.function.replace(0, whole.function.find('<'), "reduce_parts");
  whole.numbers.insert(whole.numbers.begin() + 2, parts);
  whole.blocks = results * parts;
  whole.next = std::make_shared<const CudaKernel>(last);
  return whole;
}

}  // namespace

CudaKernels reduction_kernels(const char* type, std::function<std::size_t(ElementType)> total_bytes) {
  const CudaFunctor functor{{"reductions.h", ""}, "reductions::" + std::string(type)};
  CudaKernels kernels;
  kernels.reduction = functor;
  kernels.total_bytes = total_bytes;
  kernels.kernel = [functor, total_bytes](const KernelRequest& request) {
    constexpr std::int64_t long_lines = 256, many_results = 1 << 15;
    // Of few and very long lines each block takes a part: as many as fill a large device twice.
    constexpr std::int64_t part = 4096, most_blocks = 264;
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
    const auto parts =
        by_blocks ? std::min(most_blocks / std::max<std::int64_t>(results, 1), joined / part) : 1;
    return parts > 1 ? in_parts(kernel, functor, x.element, results, parts, total_bytes(x.element)) : kernel;
  };
  return kernels;
}

}  // namespace reel::cuda
