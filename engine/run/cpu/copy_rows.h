#pragma once
#include <cstddef>
#include <cstdint>

namespace reel::cpu {

/// Rows that stand evenly spaced, and where they go; pitches in bytes.
struct Rows {
  const std::byte* from;
  std::byte* to;
  std::int64_t from_pitch, to_pitch, count;
};

/// Each of so many bytes, one after the other; what it overwrites of itself a row has been read before.
void copy_rows(const Rows& rows, std::int64_t bytes);

/// `count` elements of `size` bytes, 1, 4 or 8; strides in bytes.
void copy_strided(const std::byte* from, std::int64_t from_stride, std::byte* to, std::int64_t to_stride,
                  std::int64_t size, std::int64_t count);

}  // namespace reel::cpu
