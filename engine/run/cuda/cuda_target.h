#pragma once
#include "plan/target.h"

namespace reel::cuda {

/// What a CUDA device can do, for plans.
class CudaTarget : public plan::Target {
 public:
  const char* name() const override { return "cuda"; }
  /// What is seen from outside is done by the host.
  plan::Takes takes(const Operation& operation, const KernelRequest&) const override;
  /// As many as a compiler takes in a moment, and whose values registers hold.
  std::size_t most_members() const override { return 120; }
  bool fuses_map(const Operation& map, const std::vector<ElementType>& operands,
                 ElementType result) const override;
  bool fuses_rows(const Operation& reduction, const TensorType& operand) const override;
  bool fuses_columns(const Operation& reduction, const TensorType& operand) const override;
  bool adds_up_after_loop(double) const override { return true; }
  std::int64_t bytes_of_totals(const Operation& reduction, const TensorType& operand) const override;
};

}  // namespace reel::cuda
