#include "run/cpu/copy_rows.h"

#include <cstdlib>
#include <cstring>

#define ALWAYS_INLINE [[gnu::always_inline]] inline

namespace reel::cpu {

namespace {

using Copy = void (*)(const Rows&, std::int64_t);

/// Short rows in `pieces` pieces of P each, the last of which overlaps the one before: what a call of memcpy
/// for every row would cost is more than the copying.
template <class P, int pieces>
ALWAYS_INLINE void copy_in_pieces(const Rows& rows, std::int64_t bytes) {
  // A copy, which nothing that is written here may be part of.
  auto [from, to, from_pitch, to_pitch, count] = rows;
  const auto last = bytes - static_cast<std::int64_t>(sizeof(P));
  for (; count > 0; --count) {
    P piece[pieces];
    for (int k = 0; k + 1 < pieces; ++k) std::memcpy(&piece[k], from + k * sizeof(P), sizeof(P));
    std::memcpy(&piece[pieces - 1], from + last, sizeof(P));
    for (int k = 0; k + 1 < pieces; ++k) std::memcpy(to + k * sizeof(P), &piece[k], sizeof(P));
    std::memcpy(to + last, &piece[pieces - 1], sizeof(P));
    from += from_pitch;
    to += to_pitch;
  }
}

template <class P, int pieces>
void copy_pieces(const Rows& rows, std::int64_t bytes) {
  copy_in_pieces<P, pieces>(rows, bytes);
}

#if defined(__x86_64__)
/// Pieces of 32 bytes, in one instruction each where the processor has such.
using ThirtyTwo = long long __attribute__((vector_size(32)));
template <int pieces>
[[gnu::target("avx")]] void copy_wide_pieces(const Rows& rows, std::int64_t bytes) {
  copy_in_pieces<ThirtyTwo, pieces>(rows, bytes);
}
/// REEL_ISA holds this to the plain processor, as it does kernels (ops/cpu/variant.h).
bool may_use_wide_pieces() {
  static const bool may = [] {
    const char* most = std::getenv("REEL_ISA");
    return __builtin_cpu_supports("avx") && !(most && std::strcmp(most, "baseline") == 0);
  }();
  return may;
}
constexpr Copy by_thirty_two[] = {copy_wide_pieces<1>, copy_wide_pieces<2>, copy_wide_pieces<3>,
                                  copy_wide_pieces<4>};
#endif

template <class T>
void copy_elements(const std::byte* from, std::int64_t from_stride, std::byte* to, std::int64_t to_stride,
                   std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    T element;
    std::memcpy(&element, from + i * from_stride, sizeof element);
    std::memcpy(to + i * to_stride, &element, sizeof element);
  }
}

}  // namespace

void copy_rows(const Rows& rows, std::int64_t bytes) {
  struct Sixteen {
    std::uint64_t low, high;
  };
  constexpr Copy by_sixteen[] = {copy_pieces<Sixteen, 1>, copy_pieces<Sixteen, 2>, copy_pieces<Sixteen, 3>,
                                 copy_pieces<Sixteen, 4>, copy_pieces<Sixteen, 5>, copy_pieces<Sixteen, 6>,
                                 copy_pieces<Sixteen, 7>, copy_pieces<Sixteen, 8>};
#if defined(__x86_64__)
  if (bytes >= 32 && bytes <= 128 && may_use_wide_pieces())
    return by_thirty_two[(bytes - 1) / 32](rows, bytes);
#endif
  if (bytes >= 16 && bytes <= 128) return by_sixteen[(bytes - 1) / 16](rows, bytes);
  if (bytes >= 8 && bytes < 16) return copy_pieces<std::uint64_t, 2>(rows, bytes);
  if (bytes >= 4 && bytes < 8) return copy_pieces<std::uint32_t, 2>(rows, bytes);
  for (std::int64_t i = 0; i < rows.count; ++i)
    std::memmove(rows.to + i * rows.to_pitch, rows.from + i * rows.from_pitch,
                 static_cast<std::size_t>(bytes));
}

void copy_strided(const std::byte* from, std::int64_t from_stride, std::byte* to, std::int64_t to_stride,
                  std::int64_t size, std::int64_t count) {
  if (size == 4)
    copy_elements<std::uint32_t>(from, from_stride, to, to_stride, count);
  else if (size == 8)
    copy_elements<std::uint64_t>(from, from_stride, to, to_stride, count);
  else
    copy_elements<std::uint8_t>(from, from_stride, to, to_stride, count);
}

}  // namespace reel::cpu
