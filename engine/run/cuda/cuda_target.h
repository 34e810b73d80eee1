#pragma once
#include "plan/target.h"

namespace reel::cuda {

/// What a CUDA device can do, for plans.
class CudaTarget : public plan::Target {
 public:
  const char* name() const override { return "cuda"; }
  /// What is seen from outside is done by the host.
  plan::Takes takes(const Operation& operation, const KernelRequest&) const override;
  /// As many as leave the words of a kernel few.
  std::size_t most_members() const override { return 40; }
  bool fuses_map(const Operation& map, const std::vector<ElementType>& operands,
                 ElementType result) const override;
  bool fuses_rows(const Operation& reduction, const TensorType& operand) const override;
  bool fuses_columns(const Operation& reduction, const TensorType& operand) const override;
  std::int64_t bytes_of_totals(const Operation& reduction, const TensorType& operand) const override;
};

}  // namespace reel::cuda
