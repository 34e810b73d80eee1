#pragma once
#include <reel/compile_options.h>
#include <reel/shape.h>

#include <algorithm>

namespace reel::passes {

/// Whether the memory of a value of all steps is worth something beside the time that it takes to keep it.
inline bool is_memory_worth(Saving saving, const TensorType& type, std::int64_t steps) {
  // What the cache near a processor holds takes hardly any time, and is little memory.
  constexpr std::int64_t near_bytes = 256 << 10;
  const bool is_far = static_cast<std::int64_t>(type.bytes()) > near_bytes / std::max<std::int64_t>(steps, 1);
  return saving == Saving::memory || (saving == Saving::time_and_memory && is_far);
}

}  // namespace reel::passes
