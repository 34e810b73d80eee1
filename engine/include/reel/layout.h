#pragma once
#include <vector>

#include "shape.h"

namespace REEL_PUBLIC reel {

/// How a value lies in memory: element [i, j, ...] stands at i * strides[0] + j * strides[1] + ..., counted
/// in elements. A broadcast axis has stride 0.
struct Layout {
  TensorType type;
  std::vector<std::int64_t> strides;

  static Layout contiguous(const TensorType& type);
  bool is_contiguous() const;
  bool operator==(const Layout& other) const { return type == other.type && strides == other.strides; }
};

}  // namespace reel
