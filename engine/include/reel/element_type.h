#pragma once
/// @file
/// @ingroup tensors
/// The types of elements.
#include <cstddef>
#include <cstdint>

#include "error.h"

namespace REEL_PUBLIC reel {

/// Type of one element of a tensor. There is no implicit promotion between them, but for two: integers of
/// both widths meet in int64, and sums and products of many elements are of summed_type().
enum class ElementType : std::uint8_t { float32, float64, int32, int64, boolean };

/// Every element type there is.
inline constexpr ElementType all_element_types[] = {
    ElementType::float32, ElementType::float64, ElementType::int32, ElementType::int64, ElementType::boolean};

/// Calls `f` with a value-initialised C++ object of the element type, so that a generic lambda can take the
/// type from it.
template <class F>
decltype(auto) with_type(ElementType type, F&& f) {
  switch (type) {
    case ElementType::float32:
      return f(float{});
    case ElementType::float64:
      return f(double{});
    case ElementType::int32:
      return f(std::int32_t{});
    case ElementType::int64:
      return f(std::int64_t{});
    case ElementType::boolean:
      return f(bool{});
  }
  throw InternalError("element type out of range");
}

/// The element type of a C++ type. Types that no tensor has elements of have none: using it does not compile.
template <class T>
struct ElementTypeOf;
/// @cond
template <>
struct ElementTypeOf<float> {
  static constexpr ElementType value = ElementType::float32;
};
template <>
struct ElementTypeOf<double> {
  static constexpr ElementType value = ElementType::float64;
};
template <>
struct ElementTypeOf<std::int32_t> {
  static constexpr ElementType value = ElementType::int32;
};
template <>
struct ElementTypeOf<std::int64_t> {
  static constexpr ElementType value = ElementType::int64;
};
template <>
struct ElementTypeOf<bool> {
  static constexpr ElementType value = ElementType::boolean;
};
/// @endcond
/// The element type of T: element_type_of<float> is ElementType::float32.
template <class T>
inline constexpr ElementType element_type_of = ElementTypeOf<T>::value;

/// Whether it is float32 or float64.
inline bool is_floating(ElementType t) { return t == ElementType::float32 || t == ElementType::float64; }
/// Whether it is int32 or int64.
inline bool is_integer(ElementType t) { return t == ElementType::int32 || t == ElementType::int64; }

/// The type of a sum or a product of many elements: int64 of integers and bools, which would soon overflow.
inline ElementType summed_type(ElementType type) { return is_floating(type) ? type : ElementType::int64; }

/// Bytes of one element.
inline std::size_t size_of(ElementType type) {
  return with_type(type, [](auto zero) { return sizeof(zero); });
}

/// "float32", "int64", "bool": as messages and files name it.
inline const char* name_of(ElementType type) {
  switch (type) {
    case ElementType::float32:
      return "float32";
    case ElementType::float64:
      return "float64";
    case ElementType::int32:
      return "int32";
    case ElementType::int64:
      return "int64";
    case ElementType::boolean:
      return "bool";
  }
  return "?";
}

}  // namespace reel
