#include <reel/shape.h>

#include <algorithm>
#include <optional>

namespace reel {

Shape::Shape(std::initializer_list<std::int64_t> extents) { assign(extents.begin(), extents.end()); }
Shape::Shape(const std::vector<std::int64_t>& extents) { assign(extents.begin(), extents.end()); }
Shape::Shape(const std::int64_t* first, const std::int64_t* last) { assign(first, last); }

template <class Iterator>
void Shape::assign(Iterator first, Iterator last) {
  if (last - first > max_rank)
    throw RecordError("Shape", "a shape has at most " + std::to_string(max_rank) + " axes, not " +
                                   std::to_string(last - first));
  rank_ = static_cast<int>(last - first);
  if (last - first <= static_cast<std::ptrdiff_t>(few_.size())) {
    std::copy(first, last, few_.begin());
  } else {
    const std::shared_ptr<std::int64_t[]> extents(new std::int64_t[rank_]);
    std::copy(first, last, extents.get());
    many_ = extents;
  }
  check();
}

namespace {

/// The number of elements, an extent of 0 counting as 1; none where an integer does not hold it.
std::optional<std::int64_t> places_of(const Shape& shape) {
  std::int64_t places = 1;
  for (auto extent : shape)
    if (extent != 0 && __builtin_mul_overflow(places, extent, &places)) return std::nullopt;
  return places;
}

}  // namespace

void Shape::check() const {
  for (auto extent : *this)
    if (extent < 0)
      throw RecordError("Shape", "an extent cannot be negative: " + std::to_string(extent) + " in shape " +
                                     to_string(*this));
  if (!places_of(*this))
    throw RecordError("Shape", "shape " + to_string(*this) + " has more elements than can be counted");
}

std::int64_t Shape::size() const {
  std::int64_t n = 1;
  for (auto extent : *this) n *= extent;
  return n;
}

bool Shape::operator==(const Shape& other) const {
  return rank_ == other.rank_ && std::equal(begin(), end(), other.begin());
}

namespace {
/// As many extents as a shape may have, and one too many.
using Extents = std::array<std::int64_t, Shape::max_rank + 1>;
}  // namespace

Shape Shape::with_axis(int axis, std::int64_t extent) const {
  Extents extents;
  auto* next = std::copy(begin(), begin() + axis, extents.data());
  *next++ = extent;
  return {extents.data(), std::copy(begin() + axis, end(), next)};
}

Shape Shape::without_axis(int axis) const {
  Extents extents;
  auto* next = std::copy(begin(), begin() + axis, extents.data());
  return {extents.data(), std::copy(begin() + axis + 1, end(), next)};
}

Shape Shape::with_extent(int axis, std::int64_t extent) const {
  Extents extents;
  auto* end_of_all = std::copy(begin(), end(), extents.data());
  extents[axis] = extent;
  return {extents.data(), end_of_all};
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (int k = 0; k < shape.rank(); ++k) text += (k ? ", " : "") + std::to_string(shape[k]);
  return text + "]";
}

std::string to_string(const TensorType& type) { return name_of(type.element) + to_string(type.shape); }

std::string to_string(const std::vector<TensorType>& types) {
  std::string text;
  for (const auto& type : types) text += (text.empty() ? "" : ", ") + to_string(type);
  return text;
}

bool is_addressable(const TensorType& type, std::int64_t copies) {
  const auto places = places_of(type.shape);
  const auto element = static_cast<std::int64_t>(size_of(type.element));
  std::int64_t bytes = 0;
  return places && !__builtin_mul_overflow(*places, element, &bytes) &&
         !__builtin_mul_overflow(bytes, copies, &bytes) && bytes <= most_bytes;
}

void check_addressable(const TensorType& type) {
  if (!is_addressable(type))
    throw RecordError(to_string(type) + " has more bytes than can be addressed, " +
                      std::to_string(most_bytes));
}

std::int64_t checked_sum(std::int64_t a, std::int64_t b) {
  std::int64_t sum;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  throw RecordError(std::to_string(a) + " + " + std::to_string(b) + " is too large for an extent");
}

std::int64_t checked_product(std::int64_t a, std::int64_t b) {
  std::int64_t product;
  if (!__builtin_mul_overflow(a, b, &product)) return product;
  throw RecordError(std::to_string(a) + " times " + std::to_string(b) + " is too large for an extent");
}

int normal_axis(std::int64_t axis, int rank) {
  if (axis < -rank || axis >= rank)
    throw RecordError("axis " + std::to_string(axis) + " is out of range for rank " + std::to_string(rank));
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

Axes normal_axes(const Axes& axes, int rank) {
  Axes normal;
  for (auto axis : axes) normal.push_back(normal_axis(axis, rank));
  std::sort(normal.begin(), normal.end());
  if (std::adjacent_find(normal.begin(), normal.end()) != normal.end())
    throw RecordError("an axis is named twice");
  return normal;
}

Shape broadcast_shape(const Shape& a, const Shape& b) {
  if (a == b) return a;
  const int rank = std::max(a.rank(), b.rank());
  Extents extents;
  for (int back = 1; back <= rank; ++back) {
    const auto x = back <= a.rank() ? a[a.rank() - back] : 1;
    const auto y = back <= b.rank() ? b[b.rank() - back] : 1;
    if (x != y && x != 1 && y != 1)
      throw RecordError("shapes " + to_string(a) + " and " + to_string(b) +
                        " do not broadcast: extents must be equal or 1, counted from the last axis");
    extents[rank - back] = x == 1 ? y : x;
  }
  return {extents.data(), extents.data() + rank};
}

}  // namespace reel
