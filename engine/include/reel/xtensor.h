#pragma once
#include "array.h"

#if __has_include(<xtensor/containers/xarray.hpp>)
#include <xtensor/containers/xarray.hpp>
#else
#include <xtensor/xarray.hpp>
#endif

/// @file
/// @ingroup tensors
/// Arrays from xtensor and back. Only code that includes this header needs xtensor.
namespace REEL_PUBLIC reel {

/// The values of any xtensor expression, as an array of its shape and element type.
template <class E>
Array to_array(const xt::xexpression<E>& expression) {
  using T = typename E::value_type;
  const xt::xarray<T> values(expression.derived_cast());
  Array array(Shape(std::vector<std::int64_t>(values.shape().begin(), values.shape().end())),
              element_type_of<T>);
  std::copy(values.begin(), values.end(), array.template data<T>());
  return array;
}

/// The array as xtensor's. Throws Error where T is not its element type.
template <class T>
xt::xarray<T> to_xtensor(const Array& array) {
  const T* elements = array.data<T>();
  xt::xarray<T> values = xt::xarray<T>::from_shape({array.shape().begin(), array.shape().end()});
  std::copy(elements, elements + array.size(), values.begin());
  return values;
}

}  // namespace reel
