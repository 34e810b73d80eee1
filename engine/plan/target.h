#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include <reel/kernel_request.h>
#include <reel/operation.h>

namespace reel::plan {

/// In which layouts a device's kernel of an operation takes operands and result.
enum class Takes {
  nothing,
  contiguous,
  any_operands,  ///< operands as they lie, and a contiguous result
  any_layout
};

/// What is asked of a device while a program is planned for it. The default is a device that fuses nothing
/// and has nothing to prepare.
///
/// Whoever runs a plan promises what plan.h says of the order in which a fusion reads and writes.
class Target {
 public:
  virtual ~Target() = default;

  /// For messages.
  virtual const char* name() const = 0;

  /// How it runs an operation by itself on operands that lie like that; nothing where it has no kernel for
  /// it. The result is given as it would lie by itself, contiguous.
  virtual Takes takes(const Operation& operation, const KernelRequest& request) const = 0;

  /// Members of a fusion at most; what is more becomes several.
  virtual std::size_t most_members() const { return SIZE_MAX; }

  /// Whether a map of operands of these types can be part of a fusion. Operands and results of a fusion may
  /// lie in any layout. Sums over the steps of a loop ask for an add of a term to a total of a wider type.
  virtual bool fuses_map(const Operation& /*map*/, const std::vector<ElementType>& /*operands*/,
                         ElementType /*result*/) const {
    return false;
  }
  /// The same of a reduction of the rows of `operand`, which lie along its last axis.
  virtual bool fuses_rows(const Operation& /*reduction*/, const TensorType& /*operand*/) const {
    return false;
  }
  /// The same of a reduction of its columns, along all other axes. The fusion leaves totals of parts of the
  /// rows, of which a `finish` makes the result.
  virtual bool fuses_columns(const Operation& /*reduction*/, const TensorType& /*operand*/) const {
    return false;
  }
  /// How much memory these totals take.
  virtual std::int64_t bytes_of_totals(const Operation& /*reduction*/, const TensorType& /*operand*/) const {
    return 0;
  }

  /// Whether values that a loop keeps of all its steps, which take so many bytes, are added up when it has
  /// run, in one reduction, and not by a pass more a step.
  virtual bool adds_up_after_loop(double /*bytes*/) const { return false; }

  /// The operand that the kernel of an operation takes in a form of its own where that is made once and read
  /// often; none where it has no such form.
  virtual std::optional<std::size_t> prepared_operand(const Operation&) const { return std::nullopt; }
  /// How much memory that form takes; 0 where it is not worth making.
  virtual std::int64_t bytes_of_prepared(const Operation&, const KernelRequest&) const { return 0; }
};

}  // namespace reel::plan
