#include "exchange/safetensors_types.h"

#include <reel/float16.h>

#include <algorithm>
#include <cstring>
#include <map>

namespace reel {

namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the format stores the lowest byte first");

template <class Stored>
Stored element_at(const char* from, std::int64_t position) {
  Stored element;
  std::memcpy(&element, from + static_cast<std::size_t>(position) * sizeof element, sizeof element);
  return element;
}

/// Elements that are stored as Reel holds them.
bool copy(const char* from, std::int64_t, Array& to) {
  if (to.bytes() > 0) std::memcpy(to.raw(), from, to.bytes());
  return true;
}

/// Anything but 0 and 1 is no bool, and reading it as one has no meaning in C++.
bool copy_bools(const char* from, std::int64_t count, Array& to) {
  const auto is_bool = [](char byte) { return byte == 0 || byte == 1; };
  return std::all_of(from, from + count, is_bool) && copy(from, count, to);
}

template <class Stored, class Element>
bool widen(const char* from, std::int64_t count, Array& to) {
  for (std::int64_t i = 0; i < count; ++i)
    to.data<Element>()[i] = static_cast<Element>(element_at<Stored>(from, i));
  return true;
}

/// Elements of 16 bits that `number` makes numbers of.
template <float (*number)(std::uint16_t)>
bool widen_halves(const char* from, std::int64_t count, Array& to) {
  for (std::int64_t i = 0; i < count; ++i) to.data<float>()[i] = number(element_at<std::uint16_t>(from, i));
  return true;
}

const std::map<std::string, StoredType>& types() {
  static const std::map<std::string, StoredType> all{
      {"F32", {4, ElementType::float32, copy}},
      {"F64", {8, ElementType::float64, copy}},
      {"I32", {4, ElementType::int32, copy}},
      {"I64", {8, ElementType::int64, copy}},
      {"BOOL", {1, ElementType::boolean, copy_bools}},
      {"F16", {2, ElementType::float32, widen_halves<from_float16>}},
      {"BF16", {2, ElementType::float32, widen_halves<from_bfloat16>}},
      {"I8", {1, ElementType::int32, widen<std::int8_t, std::int32_t>}},
      {"U8", {1, ElementType::int32, widen<std::uint8_t, std::int32_t>}},
      {"I16", {2, ElementType::int32, widen<std::int16_t, std::int32_t>}},
      {"U16", {2, ElementType::int32, widen<std::uint16_t, std::int32_t>}},
      {"U32", {4, ElementType::int64, widen<std::uint32_t, std::int64_t>}},
  };
  return all;
}

}  // namespace

std::optional<StoredType> stored_type(const std::string& name) {
  const auto found = types().find(name);
  if (found == types().end()) return std::nullopt;
  return found->second;
}

std::string stored_name(ElementType element) {
  switch (element) {
    case ElementType::float32:
      return "F32";
    case ElementType::float64:
      return "F64";
    case ElementType::int32:
      return "I32";
    case ElementType::int64:
      return "I64";
    case ElementType::boolean:
      return "BOOL";
  }
  throw InternalError("element type out of range");
}

}  // namespace reel
