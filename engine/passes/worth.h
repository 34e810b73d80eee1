#pragma once
#include <reel/compile_options.h>
#include <reel/shape.h>

#include <algorithm>

namespace reel::passes {

/// A value that takes so many bytes of all steps is little memory; of so many, caches near the processor hold
/// the several that a step has.
constexpr std::int64_t little_bytes = 256 << 10, near_bytes = 512 << 10;

/// What a value of a step takes for all steps; `most_bytes` where it is more.
inline std::int64_t bytes_of_steps(const TensorType& type, std::int64_t steps) {
  std::int64_t bytes = 0;
  const bool overflows = __builtin_mul_overflow(static_cast<std::int64_t>(type.bytes()), steps, &bytes);
  return overflows ? most_bytes : std::min(bytes, most_bytes);
}

/// Whether caches near the processor hold a value of all steps.
inline bool is_near(const TensorType& type, std::int64_t steps) {
  return bytes_of_steps(type, steps) <= near_bytes;
}

/// Whether the memory of a value of all steps is worth something beside the time that it takes to keep it.
inline bool is_memory_worth(Saving saving, const TensorType& type, std::int64_t steps) {
  const bool is_much = bytes_of_steps(type, steps) > little_bytes;
  return saving == Saving::memory || (saving == Saving::time_and_memory && is_much);
}

}  // namespace reel::passes
