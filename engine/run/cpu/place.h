#pragma once
#include <optional>

#include <reel/operation.h>

#include "plan/stride.h"

namespace reel::cpu {

/// Where a value stands: a layout over a buffer of the arena or over memory from outside, moving with the
/// steps of the loops around. Slices, permutations, broadcasts and the like are other layouts of the same
/// memory; nothing is moved for them.
struct Place {
  int base = -1;             // of the plan's bases; the arena's is 0
  std::int32_t buffer = -1;  // where the base is the arena
  std::int64_t offset = 0;   // in bytes
  Layout layout;
  std::vector<Stride> steps;
  /// Number of loops around the place where the value was computed.
  int level = 0;
  /// Computed from parameters and constants alone.
  bool kept = false;

  bool known() const { return base >= 0; }
  std::int64_t element_size() const { return static_cast<std::int64_t>(size_of(layout.type.element)); }
  /// The bytes that it touches at one step, from its address.
  std::pair<std::int64_t, std::int64_t> reach() const;
  /// The same memory, read in the same way.
  bool same_as(const Place& other) const;
};

/// Whether an operation is nothing but another layout of its operand. (A reshape may need a copy all the
/// same: make_view() tells.)
bool is_view(const Operation& operation);

/// The result of such an operation as a layout of the operand's memory, or none where there is no such
/// layout.
std::optional<Place> make_view(const Operation& operation, const Attributes& attributes,
                               const TensorType& type, const Place& operand);

/// Positions start to stop along an axis.
Place slice_of(const Place& place, int axis, std::int64_t start, std::int64_t stop);

/// One slice along the first axis at each step of the loop at `level`, beginning with slice `first`.
Place step_of(const Place& place, int level, std::int64_t first = 0);

}  // namespace reel::cpu
