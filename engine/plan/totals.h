#pragma once
#include <reel/shape.h>

namespace reel::plan {

/// The type in which a loop adds up values of a type: float32 in float64, so that the sum over millions of
/// steps is as exact as that of an array.
inline TensorType total_of(const TensorType& type) {
  return {type.element == ElementType::float32 ? ElementType::float64 : type.element, type.shape};
}

}  // namespace reel::plan
