#include "run/cpu/cpu_target.h"

#include <reel/cpu_kernel.h>

#include "run/cpu/cluster/cluster.h"
#include "search_limits.h"

namespace reel::cpu {

namespace {

/// A cluster divides rows into blocks of a fixed size; it takes several for it to be worth it.
constexpr std::int64_t least_blocks = 4;

/// Rows along all axes but the last.
std::int64_t rows_of(const TensorType& type) { return type.shape.size() / type.shape[type.shape.rank() - 1]; }

}  // namespace

plan::Takes CpuTarget::takes(const Operation& operation, const KernelRequest& request) const {
  const auto* kernels = operation.kernels.of<CpuKernels>();
  if (kernels && kernels->kernel && kernels->any_operands && kernels->any_operands(request))
    return plan::Takes::any_operands;
  if (kernels && kernels->kernel)
    return kernels->any_layout ? plan::Takes::any_layout : plan::Takes::contiguous;
  return operation.kernels.reference ? plan::Takes::contiguous : plan::Takes::nothing;
}

bool CpuTarget::fuses_map(const Operation& map, const std::vector<ElementType>& operands,
                          ElementType result) const {
  const auto* kernels = map.kernels.of<CpuKernels>();
  return kernels && kernels->map && operands.size() <= limits::most_map_operands &&
         kernels->map(operands, result) != nullptr;
}

bool CpuTarget::fuses_rows(const Operation& reduction, const TensorType& operand) const {
  const auto* kernels = reduction.kernels.of<CpuKernels>();
  return kernels && kernels->rows && operand.shape[operand.shape.rank() - 1] <= limits::widest_row &&
         kernels->rows(operand.element) != nullptr;
}

bool CpuTarget::fuses_columns(const Operation& reduction, const TensorType& operand) const {
  const auto* kernels = reduction.kernels.of<CpuKernels>();
  return kernels && kernels->columns && rows_of(operand) >= least_blocks * rows_of_block &&
         kernels->columns(operand.element).total_bytes > 0;
}

/// In the loop totals are read and written at every step, as doubles. Behind it each value is read once, but
/// of many none is in a near cache any more. Measured with four sums of columns, in the loop and behind it:
/// 72 and 14 us at 0.1 MB each, 98 and 56 at 0.4 MB, 187 and 330 at 0.8 MB.
bool CpuTarget::adds_up_after_loop(double bytes) const {
  constexpr double most_bytes = 512 << 10;
  return bytes <= most_bytes;
}

std::int64_t CpuTarget::bytes_of_totals(const Operation& reduction, const TensorType& operand) const {
  const auto rows = rows_of(operand);
  return block_count(rows) * (operand.shape.size() / rows) *
         reduction.kernels.of<CpuKernels>()->columns(operand.element).total_bytes;
}

std::optional<std::size_t> CpuTarget::prepared_operand(const Operation& operation) const {
  const auto* kernels = operation.kernels.of<CpuKernels>();
  if (!kernels || !kernels->kernel || !kernels->prepared.bytes) return std::nullopt;
  return kernels->prepared.operand;
}

std::int64_t CpuTarget::bytes_of_prepared(const Operation& operation, const KernelRequest& request) const {
  return static_cast<std::int64_t>(operation.kernels.of<CpuKernels>()->prepared.bytes(request));
}

}  // namespace reel::cpu
