#include <map_list.h>
#include <maps.h>

#include <cstring>

#include <cpu/vector_math.h>

namespace reel::cpu::REEL_VARIANT {

namespace {

using mapping::arity_of;
using mapping::map_loop;
using mapping::MapResult;
using mapping::with_accepted;

/// The loop over a functor with vectors. The last elements are padded to one, so that what becomes of an
/// element does not depend on where it stands.
template <class F, class T>
void vector_loop(const void* const* inputs, void* output, std::int64_t count) {
  using V = Vector<T>;
  const T *a = static_cast<const T*>(inputs[0]), *b = static_cast<const T*>(inputs[arity_of<F>() - 1]);
  T* y = static_cast<T*>(output);
  const auto value = [&](auto&& load) -> V {
    if constexpr (arity_of<F>() == 1)
      return F{}(load(a));
    else
      return F{}(load(a), load(b));
  };
  std::int64_t i = 0;
  for (; i + V::size <= count; i += V::size) value([&](const T* x) { return V::load(x + i); }).store(y + i);
  if (i < count) store_some(value([&](const T* x) { return load_some(x + i, count - i); }), y + i, count - i);
}

/// With vectors where numbers become numbers of their type; the compiler makes vector instructions of other
/// loops.
template <class F>
MapLoop loop_of(ElementType operand) {
  MapLoop loop = nullptr;
  with_accepted<F>(operand, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_floating_point_v<T> && std::is_same_v<MapResult<F, T>, T>)
      loop = vector_loop<F, T>;
    else
      loop = map_loop<F, T>;
  });
  return loop;
}

template <class T>
void select_loop(const void* const* inputs, void* output, std::int64_t count) {
  const auto* condition = static_cast<const bool*>(inputs[0]);
  const T *a = static_cast<const T*>(inputs[1]), *b = static_cast<const T*>(inputs[2]);
  T* y = static_cast<T*>(output);
  REEL_INDEPENDENT
  for (std::int64_t i = 0; i < count; ++i) {
    // Both are read whatever the condition: else no vector instructions are made.
    const T left = a[i], right = b[i];
    y[i] = condition[i] ? left : right;
  }
}

template <class From, class To>
void cast_loop(const void* const* inputs, void* output, std::int64_t count) {
  const auto* x = static_cast<const From*>(inputs[0]);
  auto* y = static_cast<To*>(output);
  REEL_INDEPENDENT
  for (std::int64_t i = 0; i < count; ++i) y[i] = static_cast<To>(x[i]);
}

void add_floats_loop(const void* const* inputs, void* output, std::int64_t count) {
  using V = Vector<double>;
  const auto* total = static_cast<const double*>(inputs[0]);
  const auto* x = static_cast<const float*>(inputs[1]);
  auto* y = static_cast<double*>(output);
  std::int64_t i = 0;
  for (; i + V::size <= count; i += V::size) (V::load(total + i) + load_doubles(x + i)).store(y + i);
  for (; i < count; ++i) y[i] = total[i] + static_cast<double>(x[i]);
}

template <class T>
void repeat_loop(const void* input, std::int64_t pitch, void* output, std::int64_t rows,
                 std::int64_t columns) {
  const auto* from = static_cast<const std::byte*>(input);
  auto* to = static_cast<T*>(output);
  for (std::int64_t row = 0; row < rows; ++row, from += pitch, to += columns) {
    T value;
    std::memcpy(&value, from, sizeof value);
    REEL_INDEPENDENT
    for (std::int64_t i = 0; i < columns; ++i) to[i] = value;
  }
}

/// A loop that moves elements, whatever they mean: f of an unsigned zero of their size.
template <class F>
auto by_size(ElementType element, F&& f) {
  const auto size = size_of(element);
  return size == 1 ? f(std::uint8_t{}) : size == 4 ? f(std::uint32_t{}) : f(std::uint64_t{});
}

}  // namespace

MapLoop map(const char* name, ElementType operand) {
#define REEL_LOOP(function, F) \
  if (std::strcmp(name, maps::F::name) == 0) return loop_of<maps::F>(operand);
  REEL_MAPS(REEL_LOOP, REEL_LOOP)
  return nullptr;
}

MapLoop add_floats() { return add_floats_loop; }

MapLoop select(ElementType element) {
  return by_size(element, [](auto zero) -> MapLoop { return select_loop<decltype(zero)>; });
}

RepeatLoop repeat(ElementType element) {
  return by_size(element, [](auto zero) -> RepeatLoop { return repeat_loop<decltype(zero)>; });
}

MapLoop cast(ElementType from, ElementType to) {
  return with_type(from, [&](auto x) {
    return with_type(to, [&](auto y) -> MapLoop { return cast_loop<decltype(x), decltype(y)>; });
  });
}

}  // namespace reel::cpu::REEL_VARIANT
