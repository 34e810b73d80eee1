#include <reel/layout.h>

namespace reel {

Layout Layout::contiguous(const TensorType& type) {
  Layout layout{type, std::vector<std::int64_t>(type.shape.rank())};
  std::int64_t stride = 1;
  for (int axis = type.shape.rank() - 1; axis >= 0; --axis) {
    layout.strides[axis] = stride;
    stride *= type.shape[axis];
  }
  return layout;
}

bool Layout::is_contiguous() const {
  std::int64_t stride = 1;
  for (int axis = type.shape.rank() - 1; axis >= 0; --axis) {
    if (type.shape[axis] != 1 && strides[axis] != stride) return false;
    stride *= type.shape[axis];
  }
  return true;
}

}  // namespace reel
