#pragma once
#include <cstddef>
#include <cstdint>

namespace reel::cpu {

/// Rows on their way into a tile or out of it; pitches in bytes.
struct Rows {
  const std::byte* from;
  std::byte* to;
  std::int64_t from_pitch, to_pitch, count;
};

/// Each of so many bytes.
void copy_rows(const Rows& rows, std::int64_t bytes);

/// `count` elements of `size` bytes; strides in bytes.
void copy_strided(const std::byte* from, std::int64_t from_stride, std::byte* to, std::int64_t to_stride,
                  std::int64_t size, std::int64_t count);

}  // namespace reel::cpu
