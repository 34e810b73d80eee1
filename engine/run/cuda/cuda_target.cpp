#include "run/cuda/cuda_target.h"

#include <reel/cuda_kernel.h>

#include "run/cuda/fusion/fusion_kernel.h"

namespace reel::cuda {

namespace {

/// Rows along all axes but the last.
std::int64_t rows_of(const TensorType& type) { return type.shape.size() / type.shape[type.shape.rank() - 1]; }

bool joins(const Operation& reduction) {
  const auto* kernels = reduction.kernels.of<CudaKernels>();
  return kernels && kernels->total_bytes;
}

}  // namespace

plan::Takes CudaTarget::takes(const Operation& operation, const KernelRequest& request) const {
  const auto* kernels = operation.kernels.of<CudaKernels>();
  if (kernels && kernels->product && kernels->product(request)) return plan::Takes::any_layout;
  if (kernels && kernels->kernel)
    return kernels->any_layout ? plan::Takes::any_layout : plan::Takes::contiguous;
  return operation.kind == Kind::effect ? plan::Takes::contiguous : plan::Takes::nothing;
}

bool CudaTarget::fuses_map(const Operation& map, const std::vector<ElementType>& /*operands*/,
                           ElementType /*result*/) const {
  const auto* kernels = map.kernels.of<CudaKernels>();
  return kernels && kernels->map;
}

bool CudaTarget::fuses_rows(const Operation& reduction, const TensorType&) const { return joins(reduction); }

bool CudaTarget::fuses_columns(const Operation& reduction, const TensorType& operand) const {
  constexpr std::int64_t few_rows = 64;  // a thread then joins a column faster by itself
  return joins(reduction) && rows_of(operand) > few_rows;
}

std::int64_t CudaTarget::bytes_of_totals(const Operation& reduction, const TensorType& operand) const {
  const auto rows = rows_of(operand);
  return block_count(rows) * (operand.shape.size() / rows) *
         static_cast<std::int64_t>(reduction.kernels.of<CudaKernels>()->total_bytes(operand.element));
}

}  // namespace reel::cuda
