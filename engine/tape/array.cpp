#include <reel/array.h>

#include <algorithm>
#include <sstream>

namespace reel {

namespace {

Memory memory_for(const TensorType& type) {
  try {
    check_addressable(type);
  } catch (const RecordError& rule) {
    throw Error(std::string("[Array] ") + rule.rule());
  }
  auto memory = allocate(type.bytes());
  if (!memory)
    throw MemoryError("[Array] the " + std::to_string(type.bytes()) + " bytes of " + to_string(type) +
                      " are not to be had");
  return memory;
}

}  // namespace

Array::Array(const TensorType& type) : type_(type), memory_(memory_for(type)) {
  std::memset(raw(), 0, bytes());
}

Array::Array(const TensorType& type, double value) : type_(type), memory_(memory_for(type)) {
  with_type(element(), [&](auto zero) {
    std::fill_n(data<decltype(zero)>(), size(), static_cast<decltype(zero)>(value));
  });
}

Array::Array(const Array& other) : type_(other.type_) {
  other.check_held();
  memory_ = memory_for(type_);
  std::memcpy(raw(), other.raw(), bytes());
}

Array& Array::operator=(const Array& other) {
  if (this != &other) *this = Array(other);
  return *this;
}

TensorType Array::filled(const Shape& shape, ElementType element, std::size_t elements) {
  if (static_cast<std::int64_t>(elements) != shape.size())
    throw Error("[Array] " + std::to_string(elements) + " elements do not fill the shape " +
                to_string(shape));
  return {element, shape};
}

void Array::refuse_moved_from() const {
  throw Error("[Array] " + to_string(type_) +
              " was moved from and holds no elements until it is assigned to");
}

void Array::check_rank(int wanted) const {
  if (wanted != shape().rank())
    throw Error("[Array] " + to_string(type_) + " is not seen by " + std::to_string(wanted) + " indices");
}

void refuse_index(const Shape& shape, const std::int64_t* indices, int axis) {
  throw Error("[Array] index " + std::to_string(indices[axis]) + " along axis " + std::to_string(axis) +
              " of " + to_string(shape));
}

void Array::check(ElementType wanted) const {
  if (wanted != element())
    throw Error(std::string("[Array] holds ") + name_of(element()) + ", not " + name_of(wanted));
}

double Array::at(std::int64_t position) const {
  if (position < 0 || position >= size())
    throw Error("[Array] no element " + std::to_string(position) + " in " + to_string(type_));
  return with_type(element(),
                   [&](auto zero) { return static_cast<double>(data<decltype(zero)>()[position]); });
}

double Array::item() const {
  check_held();
  if (size() != 1) throw Error("[Array] item() needs exactly one element, not " + to_string(type_));
  return at(0);
}

Array Array::cast(ElementType to) const {
  check_held();
  Array result(shape(), to);
  with_type(element(), [&](auto from_zero) {
    with_type(to, [&](auto to_zero) {
      using From = decltype(from_zero);
      using To = decltype(to_zero);
      std::transform(data<From>(), data<From>() + size(), result.data<To>(),
                     [](From value) { return static_cast<To>(value); });
    });
  });
  return result;
}

bool Array::operator==(const Array& other) const {
  check_held();
  other.check_held();
  return type_ == other.type_ && std::memcmp(raw(), other.raw(), bytes()) == 0;
}

std::string to_string(const Array& array) {
  array.raw();  // also where there is no element to show
  constexpr std::int64_t most = 32;
  std::ostringstream text;
  text << to_string(array.type()) << " {";
  for (std::int64_t i = 0; i < std::min(array.size(), most); ++i) text << (i ? ", " : "") << array.at(i);
  if (array.size() > most) text << ", ...";
  text << "}";
  return text.str();
}

}  // namespace reel
