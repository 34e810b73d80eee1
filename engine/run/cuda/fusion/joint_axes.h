#pragma once
#include <cstdint>
#include <vector>

namespace reel::cuda {

/// The axes of a space that several operands go over, by as few as will do: those of extent 1 go, and those
/// that continue one another in all operands become one.
struct JointAxes {
  std::vector<std::int64_t> extents;
  /// Of each operand, in elements: 0 where it is the same along an axis.
  std::vector<std::vector<std::int64_t>> strides;

  std::int64_t count() const;
  /// Whether positions in all operands are numbers of 32 bits.
  bool fits_32_bits() const;
};

JointAxes collapsed(const JointAxes& axes);

}  // namespace reel::cuda
