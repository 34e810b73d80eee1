#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "element_type.h"

namespace reel {

/// Axes of an operation, counted from 0; negative ones count from the last axis, as in NumPy.
using Axes = std::vector<std::int64_t>;

/// Extents of a tensor, outermost axis first. A scalar has rank 0. At most `max_rank` axes.
class Shape {
 public:
  static constexpr int max_rank = 8;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> extents);
  explicit Shape(const std::vector<std::int64_t>& extents);

  int rank() const { return rank_; }
  std::int64_t operator[](int axis) const { return extents_[axis]; }
  /// Number of elements; 1 for a scalar.
  std::int64_t size() const;
  const std::int64_t* begin() const { return extents_.data(); }
  const std::int64_t* end() const { return extents_.data() + rank_; }
  std::vector<std::int64_t> extents() const { return {begin(), end()}; }
  operator std::vector<std::int64_t>() const { return extents(); }

  bool operator==(const Shape& other) const;
  bool operator!=(const Shape& other) const { return !(*this == other); }

  /// The same shape with `extent` put in before `axis` (axis == rank() appends).
  Shape with_axis(int axis, std::int64_t extent) const;
  /// The same shape without `axis`.
  Shape without_axis(int axis) const;
  /// The same shape with one extent replaced.
  Shape with_extent(int axis, std::int64_t extent) const;

 private:
  template <class Iterator>
  void assign(Iterator first, Iterator last);

  std::array<std::int64_t, max_rank> extents_{};
  int rank_ = 0;
};

/// "[2, 3]"
std::string to_string(const Shape& shape);

/// Element type and shape: what is known of a tensor when it is recorded.
struct TensorType {
  ElementType element = ElementType::float32;
  Shape shape;

  std::size_t bytes() const { return size_of(element) * static_cast<std::size_t>(shape.size()); }
  bool operator==(const TensorType& o) const { return element == o.element && shape == o.shape; }
  bool operator!=(const TensorType& o) const { return !(*this == o); }
};

struct TypeHash {
  std::size_t operator()(const TensorType& type) const {
    std::size_t hash = static_cast<std::size_t>(type.element);
    for (auto extent : type.shape) hash = hash * 1000003 + static_cast<std::size_t>(extent);
    return hash;
  }
};

/// "float32[2, 3]"
std::string to_string(const TensorType& type);

/// `axis` counted from 0. Throws RecordError where it is outside [-rank, rank).
int normal_axis(std::int64_t axis, int rank);
/// All of `axes` counted from 0, sorted. Throws RecordError where one is out of range or named twice.
Axes normal_axes(const Axes& axes, int rank);

/// NumPy broadcasting: extents agree or one of them is 1, aligned at the last axis. Throws RecordError.
Shape broadcast_shape(const Shape& a, const Shape& b);

}  // namespace reel
