#include <reel/ops.h>

#include <cmath>
#include <limits>

// What derivative rules are made of, beside maps.

namespace reel {

Tensor has_no_inverse(const Tensor& x) {
  // The smallest number that has one.
  const double least = x.element() == ElementType::float64
                           ? std::nextafter(std::numeric_limits<double>::min() / 4, 1)
                           : std::nextafter(std::numeric_limits<float>::min() / 4, 1.0f);
  return abs(x) != maximum(abs(x), least);
}

}  // namespace reel
