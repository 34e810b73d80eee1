#pragma once
#include <optional>
#include <tuple>

#include <reel/layout.h>
#include <reel/operation.h>

namespace reel::plan {

/// Bytes an address moves with each step of the loop at `level`.
struct Stride {
  int level;
  std::int64_t bytes;

  bool operator==(const Stride& other) const { return level == other.level && bytes == other.bytes; }
};

/// Where a value stands: a layout over a buffer of the arena or over memory from outside, moving with the
/// steps of the loops around: base + offset + sum of step * stride. Slices, permutations, broadcasts and the
/// like are other layouts of the same memory; nothing is moved for them.
struct Address {
  int base = -1;             // of the plan's bases; the arena's is 0
  std::int32_t buffer = -1;  // of the arena, where that is the base
  /// In bytes, from the base; while a plan is being made, from the buffer.
  std::int64_t offset = 0;
  Layout layout;
  std::vector<Stride> steps;

  bool known() const { return base >= 0; }
  std::int64_t element_size() const { return static_cast<std::int64_t>(size_of(layout.type.element)); }
  /// The bytes that it touches at one step, from its address.
  std::pair<std::int64_t, std::int64_t> reach() const;
  /// The same memory, read in the same way.
  bool same_as(const Address& other) const;
  /// Where it begins; addresses that are the same begin in the same place.
  using Start = std::tuple<int, std::int32_t, std::int64_t>;
  Start start() const { return {base, buffer, offset}; }
};

/// Whether two addresses of one buffer have no byte in common at the same step. False where that is not
/// plain.
bool disjoint(const Address& a, const Address& b);

/// An address, and what it takes to plan with it.
struct Place : Address {
  /// Number of loops around the place where the value was computed.
  int level = 0;
  /// Computed from parameters and constants alone.
  bool cached = false;
};

/// The result of an operation that is_layout() as a layout of the operand's memory, or none where there is no
/// such layout.
std::optional<Place> make_view(const Operation& operation, const Attributes& attributes,
                               const TensorType& type, const Place& operand);

/// The same elements under a shape that differs in axes of extent 1 alone.
Place with_shape(const Place& place, const Shape& shape);

/// Positions start to stop along an axis.
Place slice_of(const Place& place, int axis, std::int64_t start, std::int64_t stop);

/// One slice along the first axis at each step of the loop at `level`, beginning with slice `first`.
Place step_of(const Place& place, int level, std::int64_t first = 0);

/// The other way round: the slices of so many steps of the loop at `level` as one, where the place moves with
/// them along memory that outlives it; none where it does not.
std::optional<Place> all_steps_of(const Place& step, int level, std::int64_t steps);

}  // namespace reel::plan
