#pragma once
#include <reel/element_index.h>
#include <reel/layout.h>

#include <string>

namespace reel {

/// How an index is told that is out of range: what it is called, and the shape its place is told in, of as
/// many elements as there are indices.
struct IndexFault {
  std::string called;
  Shape shape;
  std::int64_t extent;

  std::string message(std::int64_t element, std::int64_t index) const {
    return called + " " + std::to_string(index) + " at " + to_string(Shape(element_index(element, shape))) +
           " is outside [0, " + std::to_string(extent) + ")";
  }

  /// Of indices along an axis. `called` is what the attribute of that name says: an axis of extent 1 is then
  /// none to speak of.
  static IndexFault along(int axis, const Shape& indices, const std::string& called, std::int64_t extent) {
    const bool has_axis = called.empty() || indices[axis] != 1;
    return {called.empty() ? "index" : called, has_axis ? indices : indices.without_axis(axis), extent};
  }
};

}  // namespace reel
