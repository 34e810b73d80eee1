#pragma once
#include <cstdint>
#include <functional>

/// Products of libraries that are measured where they are installed, and that Reel does not need.

/// C [m, n] = A B of contiguous matrices in float32; A is [m, k], or [k, m] where it lies transposed.
struct ProductOfFloats {
  std::int64_t m, n, k;
  bool left_transposed;
  const float *a, *b;
  float* c;
};

/// oneDNN's matmul, B in the layout that it likes best, prepared beforehand. Null where there is none.
std::function<void()> onednn_product(const ProductOfFloats& product);
/// The kernel that libxsmm makes for the extents. Null where it makes none, or A lies transposed.
std::function<void()> libxsmm_product(const ProductOfFloats& product);
