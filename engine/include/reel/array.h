#pragma once
/// @file
/// @ingroup tensors
/// Arrays of the host.
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "memory.h"
#include "shape.h"

namespace REEL_PUBLIC reel {

/// The elements of an Array by their indices, x(t, b, f): no copy, valid as long as the array. Indices are
/// checked where NDEBUG is not defined.
template <class T, int rank>
class ArrayView {
 public:
  /// Over elements that somebody else owns, in row-major order.
  ArrayView(T* elements, const Shape& shape) : elements_(elements), shape_(shape) {}

  /// The element at these indices, one for each axis.
  template <class... Index>
  T& operator()(Index... index) const {
    static_assert(sizeof...(Index) == rank, "a view takes one index for each axis");
    const std::int64_t indices[] = {static_cast<std::int64_t>(index)...};
    std::int64_t position = 0;
    for (int axis = 0; axis < rank; ++axis) {
#ifndef NDEBUG
      check(indices, axis);
#endif
      position = position * shape_[axis] + indices[axis];
    }
    return elements_[position];
  }
  /// The extents of the array, outermost axis first.
  const Shape& shape() const { return shape_; }

 private:
  void check(const std::int64_t* indices, int axis) const;

  T* elements_;
  Shape shape_;
};

/// Host data: element type, shape, and contiguous memory in row-major order, aligned to 64 bytes. A value:
/// copying copies the elements.
///
/// One that was moved from keeps its type, and may be assigned to; every use of its elements throws Error.
/// Making one throws Error where its bytes cannot be counted, MemoryError where the system does not give
/// them.
class Array {
 public:
  /// A float32 scalar, 0.
  Array() : Array(TensorType{}) {}
  /// Zeros.
  explicit Array(const TensorType& type);
  /// Every element `value`, converted as C++ does.
  Array(const TensorType& type, double value);
  /// Zeros of that shape and element type.
  Array(const Shape& shape, ElementType element) : Array(TensorType{element, shape}) {}
  /// Elements in row-major order. Throws Error where their number does not fit the shape.
  template <class T>
  Array(const Shape& shape, const std::vector<T>& elements);
  /// A vector: shape [elements.size()].
  template <class T>
  Array(const std::vector<T>& elements)
      : Array(Shape{static_cast<std::int64_t>(elements.size())}, elements) {}
  /// A scalar: shape [].
  template <class T, class = std::enable_if_t<std::is_arithmetic_v<T>>>
  Array(T scalar) : Array(TensorType{element_type_of<T>, {}}) {
    *data<T>() = scalar;
  }

  /// A copy has elements of its own; what was moved from has none. Copying throws MemoryError where there is
  /// no memory for the elements.
  /// @{
  Array(const Array& other);
  Array(Array&& other) noexcept = default;
  Array& operator=(const Array& other);
  Array& operator=(Array&& other) noexcept = default;
  /// @}

  /// Element type and shape.
  const TensorType& type() const { return type_; }
  /// The type of each element.
  ElementType element() const { return type_.element; }
  /// The extents, outermost axis first.
  const Shape& shape() const { return type_.shape; }
  /// How many elements there are; 1 for a scalar.
  std::int64_t size() const { return type_.shape.size(); }
  /// How many bytes the elements take.
  std::size_t bytes() const { return type_.bytes(); }

  /// Whether its elements went to another array, and it has none until it is assigned to.
  bool moved_from() const { return !memory_; }
  /// Pointer to the first element, whatever its type. Throws Error where the array was moved from.
  /// @{
  void* raw() {
    check_held();
    return memory_.get();
  }
  const void* raw() const {
    check_held();
    return memory_.get();
  }
  /// @}
  /// Pointer to the first element. Throws Error where T is not the element type.
  /// @{
  template <class T>
  T* data() {
    check(element_type_of<T>);
    return static_cast<T*>(raw());
  }
  template <class T>
  const T* data() const {
    check(element_type_of<T>);
    return static_cast<const T*>(raw());
  }
  /// @}
  /// The elements by their indices: `x.view<float, 3>()(t, b, f)`. Throws Error for another element type or
  /// number of axes.
  /// @{
  template <class T, int rank>
  ArrayView<T, rank> view() {
    check_rank(rank);
    return {data<T>(), shape()};
  }
  template <class T, int rank>
  ArrayView<const T, rank> view() const {
    check_rank(rank);
    return {data<T>(), shape()};
  }
  /// @}
  /// The elements in row-major order. Throws Error where T is not the element type.
  template <class T>
  std::vector<T> to_vector() const {
    return std::vector<T>(data<T>(), data<T>() + size());
  }

  /// The only element, whatever its type. Throws Error where there is not exactly one.
  double item() const;
  /// The element at a row-major position, whatever its type, as double. Throws Error where there is no such
  /// position.
  double at(std::int64_t position) const;
  /// A copy in another element type (C++ conversion of each element).
  Array cast(ElementType element) const;

  /// Same type and the same bits.
  bool operator==(const Array& other) const;
  /// Another type, or other bits.
  bool operator!=(const Array& other) const { return !(*this == other); }

 private:
  void check(ElementType wanted) const;
  void check_rank(int wanted) const;
  void check_held() const {
    if (moved_from()) refuse_moved_from();
  }
  [[noreturn]] void refuse_moved_from() const;
  /// The type of these elements in this shape.
  static TensorType filled(const Shape& shape, ElementType element, std::size_t elements);

  TensorType type_;
  Memory memory_;
};

/// @cond
/// Throws Error that names the index along `axis` and the shape that it is outside of.
[[noreturn]] void refuse_index(const Shape& shape, const std::int64_t* indices, int axis);
/// @endcond

template <class T, int rank>
void ArrayView<T, rank>::check(const std::int64_t* indices, int axis) const {
  if (indices[axis] < 0 || indices[axis] >= shape_[axis]) refuse_index(shape_, indices, axis);
}

/// Type and elements; long arrays are shortened.
std::string to_string(const Array& array);

template <class T>
Array::Array(const Shape& shape, const std::vector<T>& elements)
    : Array(filled(shape, element_type_of<T>, elements.size())) {
  std::copy(elements.begin(), elements.end(), data<T>());
}

}  // namespace reel
