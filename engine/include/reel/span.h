#pragma once
/// @file
/// @ingroup tensors
/// Views of elements.
#include <cstddef>
#include <vector>

#include "visibility.h"

namespace REEL_PUBLIC reel {

/// A view of contiguous elements owned by somebody else (std::span is C++20).
template <class T>
class Span {
 public:
  Span() = default;
  /// `size` elements from `data` on.
  Span(T* data, std::size_t size) : data_(data), size_(size) {}
  /// The elements of a vector, valid until it changes its size.
  template <class U>
  Span(const std::vector<U>& v) : data_(v.data()), size_(v.size()) {}

  /// From the first element to behind the last.
  /// @{
  T* begin() const { return data_; }
  T* end() const { return data_ + size_; }
  /// @}
  /// How many there are.
  std::size_t size() const { return size_; }
  /// Whether there is none.
  bool empty() const { return size_ == 0; }
  /// Element i, counted from 0.
  T& operator[](std::size_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace reel
