#pragma once
#include "device.cuh"

namespace reel::device {

/// The type in which numbers of type T are added up: floats in double, so that the sum of many is right.
template <class T>
struct TotalOf {
  using Type = T;
};
template <>
struct TotalOf<float> {
  using Type = double;
};
template <class T>
using Total = typename TotalOf<T>::Type;

/// Words: y, count, the value's bits.
template <class T, class W>
REEL_DEVICE void fill(const W& words) {
  T* y = words.template pointer<T>(0);
  const Int64 bits = words[2];
  const T value = *reinterpret_cast<const T*>(&bits);
  for (Int64 i = thread_of_grid(); i < words[1]; i += threads_of_grid()) y[i] = value;
}

/// Words: y, count.
template <class T, class W>
REEL_DEVICE void iota(const W& words) {
  T* y = words.template pointer<T>(0);
  for (Int64 i = thread_of_grid(); i < words[1]; i += threads_of_grid()) y[i] = static_cast<T>(i);
}

}  // namespace reel::device
