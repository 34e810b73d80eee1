#pragma once
#include <reel/tensor.h>

namespace reel {

/// Integers [n] as int64. One below 0 or above `most` is a RunError, which calls it `called`.
Tensor checked_counts(const Tensor& counts, std::int64_t most, const char* called);

}  // namespace reel
