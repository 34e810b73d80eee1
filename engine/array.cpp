#include <reel/array.h>

#include <algorithm>
#include <new>
#include <sstream>

namespace reel {

namespace {
constexpr std::align_val_t alignment{64};
}

void Array::Free::operator()(void* memory) const { ::operator delete(memory, alignment); }

Array::Array(const TensorType& type)
    : type_(type), memory_(::operator new(std::max<std::size_t>(type.bytes(), 1), alignment)) {
  std::memset(raw(), 0, bytes());
}

Array::Array(const Array& other) : Array(other.type_) { std::memcpy(raw(), other.raw(), bytes()); }

Array& Array::operator=(const Array& other) {
  if (this != &other) *this = Array(other);
  return *this;
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
  if (size() != 1) throw Error("[Array] item() needs exactly one element, not " + to_string(type_));
  return at(0);
}

Array Array::cast(ElementType to) const {
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
  return type_ == other.type_ && std::memcmp(raw(), other.raw(), bytes()) == 0;
}

std::string to_string(const Array& array) {
  constexpr std::int64_t most = 32;
  std::ostringstream text;
  text << to_string(array.type()) << " {";
  for (std::int64_t i = 0; i < std::min(array.size(), most); ++i) text << (i ? ", " : "") << array.at(i);
  if (array.size() > most) text << ", ...";
  text << "}";
  return text.str();
}

}  // namespace reel
