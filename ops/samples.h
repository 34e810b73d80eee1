#pragma once
#include <reel/operation.h>

namespace reel {

/// A float64 operand for the tests that loop over all operations.
inline Sample::Operand floats(const Shape& shape, double low = -2, double high = 2) {
  return {{ElementType::float64, shape}, low, high};
}

}  // namespace reel
