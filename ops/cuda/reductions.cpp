#include <reel/joint_axes.h>

#include <algorithm>

#include "kernels.h"

namespace reel::cuda {

namespace {

/// Axes that are kept or reduced, with their strides in x and in y (0 where they are reduced).
struct Axis {
  std::int64_t extent, x, y;

  bool continues_in(const Axis& next) const { return x == next.x * next.extent && y == next.y * next.extent; }
};

/// The axes of a reduction, from the layouts of its operand and its result.
struct ReductionAxes {
  explicit ReductionAxes(const KernelRequest& request) {
    const auto &x = request.operands[0], &y = request.result;
    const auto& axes = request.attributes.integers("axes");
    std::size_t next = 0;
    for (int axis = 0; axis < x.type.shape.rank(); ++axis) {
      const auto extent = x.type.shape[axis], stride = x.strides[static_cast<std::size_t>(axis)];
      if (std::count(axes.begin(), axes.end(), axis) > 0)
        append_collapsed(reduced, Axis{extent, stride, 0});
      else
        append_collapsed(kept, Axis{extent, stride, y.strides[next++]});
    }
  }
  std::vector<Axis> kept, reduced;

  std::string template_arguments(const std::string& reduction, ElementType element) const {
    return "<" + reduction + ", " + cuda_name(element) + ", " + std::to_string(kept.size()) + ", " +
           std::to_string(reduced.size()) + ">";
  }
  void append_to(std::vector<std::int64_t>& numbers) const {
    for (const auto& axis : kept) numbers.insert(numbers.end(), {axis.extent, axis.x, axis.y});
    for (const auto& axis : reduced) numbers.insert(numbers.end(), {axis.extent, axis.x});
  }
};

/// Few and very long lines are shared out among blocks, whose totals a second kernel joins.
CudaKernel in_parts(const ReductionAxes& axes, const std::string& arguments, std::int64_t parts,
                    std::size_t total_bytes) {
  const auto results = count_of(axes.kept);
  CudaKernel first{{"reduce.cuh", ""}, "reduce_parts" + arguments, {results, count_of(axes.reduced), parts}};
  axes.append_to(first.numbers);
  first.blocks = results * parts;
  first.shared_bytes = static_cast<std::size_t>(first.threads) / 32 * total_bytes;
  first.work_bytes = static_cast<std::size_t>(results * parts) * total_bytes;
  auto last = first;
  last.function = "join_parts" + arguments;
  last.threads = 64;
  last.blocks = CudaKernel::blocks_for(results, last.threads);
  last.shared_bytes = 0;
  first.next = std::make_shared<const CudaKernel>(std::move(last));
  return first;
}

CudaKernel kernel_of(const KernelRequest& request, const std::string& reduction, std::size_t total_bytes) {
  constexpr std::int64_t long_lines = 256;
  // As many blocks as fill a large device twice, with work for each.
  constexpr std::int64_t part = 4096, most_blocks = 264;
  const ReductionAxes axes(request);
  const auto arguments = axes.template_arguments(reduction, request.operands[0].type.element);
  const auto results = count_of(axes.kept), joined = count_of(axes.reduced);
  // Threads side by side read side by side where results lie along the last axis.
  const bool side_by_side = !axes.kept.empty() && axes.kept.back().x == 1;
  const bool by_blocks = joined >= long_lines && results < (side_by_side ? 1 << 11 : 1 << 15);
  const auto parts = by_blocks && results > 0 ? std::min(most_blocks / results, joined / part) : 1;
  if (parts > 1) return in_parts(axes, arguments, parts, total_bytes);
  CudaKernel kernel{{"reduce.cuh", ""},
                    (by_blocks ? "reduce_by_blocks" : "reduce_by_threads") + arguments,
                    {results, joined}};
  axes.append_to(kernel.numbers);
  kernel.blocks = by_blocks ? std::max<std::int64_t>(results, 1) : CudaKernel::blocks_for(results);
  if (by_blocks) kernel.shared_bytes = static_cast<std::size_t>(kernel.threads) / 32 * total_bytes;
  return kernel;
}

}  // namespace

CudaKernels reduction_kernels(const char* type, std::function<std::size_t(ElementType)> total_bytes) {
  const CudaFunctor functor{{"reductions.h", ""}, "reductions::" + std::string(type)};
  CudaKernels kernels;
  kernels.reduction = functor;
  kernels.total_bytes = total_bytes;
  kernels.any_layout = true;
  kernels.kernel = [functor, total_bytes](const KernelRequest& request) {
    return kernel_of(request, functor.type, total_bytes(request.operands[0].type.element));
  };
  return kernels;
}

}  // namespace reel::cuda
