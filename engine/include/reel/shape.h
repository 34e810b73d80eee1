#pragma once
/// @file
/// @ingroup tensors
/// Shapes, types and axes.
#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "element_type.h"

namespace REEL_PUBLIC reel {

/// Axes of an operation, counted from 0; negative ones count from the last axis, as in NumPy.
using Axes = std::vector<std::int64_t>;

/// Extents of a tensor, outermost axis first. A scalar has rank 0. At most `max_rank` axes. However it is
/// made, a shape that has a negative extent or more elements than an integer counts, an extent of 0 counting
/// as 1, is a RecordError of [Shape].
class Shape {
 public:
  /// The most axes there are.
  static constexpr int max_rank = 16;

  Shape() = default;
  /// The extents, outermost axis first. Throws RecordError where they are no shape.
  /// @{
  Shape(std::initializer_list<std::int64_t> extents);
  explicit Shape(const std::vector<std::int64_t>& extents);
  /// @}
  // No moves: what was moved from would have no extents.
  /// A copy.
  /// @{
  Shape(const Shape&) = default;
  Shape& operator=(const Shape&) = default;
  /// @}

  /// How many axes there are.
  int rank() const { return rank_; }
  /// The extent of an axis, counted from 0; no other one may be asked for.
  std::int64_t operator[](int axis) const { return begin()[axis]; }
  /// Number of elements; 1 for a scalar.
  std::int64_t size() const;
  /// From the outermost extent to behind the last one.
  /// @{
  const std::int64_t* begin() const { return many_ ? many_.get() : few_.data(); }
  const std::int64_t* end() const { return begin() + rank_; }
  /// @}
  /// The extents, outermost axis first.
  /// @{
  std::vector<std::int64_t> extents() const { return {begin(), end()}; }
  operator std::vector<std::int64_t>() const { return extents(); }
  /// @}

  /// Whether the extents are the same.
  bool operator==(const Shape& other) const;
  /// Whether an extent differs.
  bool operator!=(const Shape& other) const { return !(*this == other); }

  /// The same shape with `extent` put in before `axis` (axis == rank() appends).
  Shape with_axis(int axis, std::int64_t extent) const;
  /// The same shape without `axis`.
  Shape without_axis(int axis) const;
  /// The same shape with one extent replaced.
  Shape with_extent(int axis, std::int64_t extent) const;

 private:
  friend Shape broadcast_shape(const Shape& a, const Shape& b);
  Shape(const std::int64_t* first, const std::int64_t* last);
  template <class Iterator>
  void assign(Iterator first, Iterator last);
  void check() const;

  int rank_ = 0;
  /// Where they suffice, which is nearly always: every recorded value holds a shape.
  std::array<std::int64_t, 4> few_{};
  std::shared_ptr<const std::int64_t[]> many_;
};

/// "[2, 3]"
std::string to_string(const Shape& shape);

/// Element type and shape: what is known of a tensor when it is recorded.
struct TensorType {
  ElementType element = ElementType::float32;  ///< Of each element.
  Shape shape;                                 ///< The extents.

  /// How many bytes such a value takes.
  std::size_t bytes() const { return size_of(element) * static_cast<std::size_t>(shape.size()); }
  /// Whether both are the same.
  bool operator==(const TensorType& o) const { return element == o.element && shape == o.shape; }
  /// Whether one of them differs.
  bool operator!=(const TensorType& o) const { return !(*this == o); }
};

/// @cond
/// The most bytes of one value: no process can address more, and what is worked out from such a size
/// (distances between elements, paddings, the sizes of many values together) is within an integer.
inline constexpr std::int64_t most_bytes = std::int64_t{1} << 56;
/// Whether `copies` values of that type have no more; an extent of 0 counts as 1, since distances between
/// elements are to be within the limit as well.
bool is_addressable(const TensorType& type, std::int64_t copies = 1);
/// Throws RecordError where it is not.
void check_addressable(const TensorType& type);

/// For unordered containers, with a TensorType as the key.
struct TypeHash {
  /// A number that is the same for equal types.
  std::size_t operator()(const TensorType& type) const {
    std::size_t hash = static_cast<std::size_t>(type.element);
    for (auto extent : type.shape) hash = hash * 1000003 + static_cast<std::size_t>(extent);
    return hash;
  }
};
/// @endcond

/// "float32[2, 3]"
std::string to_string(const TensorType& type);
/// "float32[2, 3], int64[]"
std::string to_string(const std::vector<TensorType>& types);

/// `axis` counted from 0. Throws RecordError where it is outside [-rank, rank).
int normal_axis(std::int64_t axis, int rank);
/// All of `axes` counted from 0, sorted. Throws RecordError where one is out of range or named twice.
Axes normal_axes(const Axes& axes, int rank);

/// @cond
/// The sum of extents or positions. Throws RecordError where it is no integer of 64 bits.
std::int64_t checked_sum(std::int64_t a, std::int64_t b);
/// Their product. Throws RecordError where it is no integer of 64 bits.
std::int64_t checked_product(std::int64_t a, std::int64_t b);
/// @endcond

/// NumPy broadcasting: extents agree or one of them is 1, aligned at the last axis. Throws RecordError.
Shape broadcast_shape(const Shape& a, const Shape& b);

}  // namespace reel
