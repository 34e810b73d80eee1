#pragma once
/// @file
/// @ingroup own_operations
/// How values lie in memory.
#include <vector>

#include "shape.h"

namespace REEL_PUBLIC reel {

/// How a value lies in memory: element [i, j, ...] stands at i * strides[0] + j * strides[1] + ..., counted
/// in elements. A broadcast axis has stride 0.
struct Layout {
  TensorType type;                    ///< Element type and shape.
  std::vector<std::int64_t> strides;  ///< One for each axis, in elements.

  /// Row-major without gaps.
  static Layout contiguous(const TensorType& type);
  /// Whether it is row-major without gaps; strides of axes of extent 1 do not count.
  bool is_contiguous() const;
  /// Whether type and strides are the same.
  bool operator==(const Layout& other) const { return type == other.type && strides == other.strides; }
};

}  // namespace reel
