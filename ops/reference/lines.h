#pragma once
#include <reel/shape.h>

namespace reel::reference {

/// The lines of an array along one axis: `count` elements each, `stride` apart.
struct Lines {
  std::int64_t outer = 1, count, stride = 1;

  Lines(const Shape& shape, std::int64_t axis) : count(shape[static_cast<int>(axis)]) {
    for (int i = 0; i < shape.rank(); ++i)
      if (i < axis)
        outer *= shape[i];
      else if (i > axis)
        stride *= shape[i];
  }

  /// Calls `f(number of the line, position of its first element)`.
  template <class F>
  void for_each(F&& f) const {
    for (std::int64_t o = 0; o < outer; ++o)
      for (std::int64_t i = 0; i < stride; ++i) f(o * stride + i, o * count * stride + i);
  }
};

}  // namespace reel::reference
