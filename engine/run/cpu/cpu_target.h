#pragma once
#include "plan/target.h"

namespace reel::cpu {

/// What the processor can do, for plans.
class CpuTarget : public plan::Target {
 public:
  const char* name() const override { return "cpu"; }
  /// The reference kernel where an operation states none for the processor.
  plan::Takes takes(const Operation& operation, const KernelRequest&) const override;
  bool fuses_map(const Operation& map, const std::vector<ElementType>& operands,
                 ElementType result) const override;
  bool fuses_rows(const Operation& reduction, const TensorType& operand) const override;
  bool fuses_columns(const Operation& reduction, const TensorType& operand) const override;
  std::int64_t bytes_of_totals(const Operation& reduction, const TensorType& operand) const override;
  bool adds_up_after_loop(double bytes) const override;
  std::optional<std::size_t> prepared_operand(const Operation& operation) const override;
  std::int64_t bytes_of_prepared(const Operation& operation, const KernelRequest& request) const override;
};

}  // namespace reel::cpu
