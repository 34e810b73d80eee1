#pragma once
#include <reel/operation.h>

#include <cstdint>
#include <vector>

#if __has_include(<xtensor/containers/xadapt.hpp>)
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/core/xmath.hpp>
#include <xtensor/core/xnoalias.hpp>
#include <xtensor/misc/xmanipulation.hpp>
#include <xtensor/reducers/xreducer.hpp>
#include <xtensor/views/xstrided_view.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xmanipulation.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xstrided_view.hpp>
#endif

/// Operands of kernels as xtensor arrays over memory they do not own.
namespace reel::reference {

inline std::vector<std::size_t> extents(const Shape& shape) { return {shape.begin(), shape.end()}; }

template <class T>
auto adapt(const void* data, const Shape& shape) {
  // xtensor has no adaptor of constant memory that all of its views accept; operands are only read.
  auto* elements = static_cast<T*>(const_cast<void*>(data));
  return xt::adapt(elements, static_cast<std::size_t>(shape.size()), xt::no_ownership(), extents(shape));
}
template <class T>
auto adapt(const ConstView& view) {
  return adapt<T>(view.data, view.shape());
}
template <class T>
auto adapt(const View& view) {
  return adapt<T>(view.data, view.shape());
}

/// Pointer to the first element, taken for any type of its size: for what moves elements and computes
/// nothing.
template <class T>
const T* bits(const ConstView& view) {
  return static_cast<const T*>(view.data);
}
template <class T>
T* bits(const View& view) {
  return static_cast<T*>(view.data);
}

/// Calls `f` with an unsigned integer of the size of the element: an index map moves elements of any type.
template <class F>
void with_element_of_size(ElementType element, F&& f) {
  switch (size_of(element)) {
    case 1:
      f(std::uint8_t{});
      break;
    case 4:
      f(std::uint32_t{});
      break;
    default:
      f(std::uint64_t{});
      break;
  }
}

/// The type in which many values of type T are added up: float32 in double, as what other runners are held
/// against should not be the least exact.
template <class T>
using Total = std::conditional_t<std::is_same_v<T, float>, double, T>;

/// Calls `f` with a C++ zero of the element type where it is a number.
template <class F>
void with_number(ElementType element, F&& f) {
  with_type(element, [&](auto zero) {
    if constexpr (!std::is_same_v<decltype(zero), bool>)
      f(zero);
    else
      throw InternalError("a kernel of numbers got bool");
  });
}

}  // namespace reel::reference
