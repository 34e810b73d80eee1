#include "product_axes.h"

namespace reel::cpu {

ProductRoles product_roles(const KernelRequest& request, bool packed) {
  const auto &left = request.attributes.text("left"), &right = request.attributes.text("right");
  const auto &a = request.operands[0], &b = request.operands[1], &c = request.result;
  ProductRoles roles;
  for (std::size_t axis = 0; axis < left.size(); ++axis) {
    const ProductAxis found{a.type.shape[static_cast<int>(axis)], a.strides[axis], 0, 0};
    (left[axis] == 'b' ? roles.batch : left[axis] == 'm' ? roles.rows : roles.inner).push_back(found);
  }
  std::size_t batch = 0, inner = 0;
  for (std::size_t axis = 0; axis < right.size(); ++axis) {
    if (right[axis] == 'b')
      roles.batch[batch++].b = b.strides[axis];
    else if (right[axis] == 'k')
      roles.inner[inner++].b = b.strides[axis];
    else
      roles.columns.push_back({b.type.shape[static_cast<int>(axis)], 0, b.strides[axis], 0});
  }
  std::size_t axis = 0;
  for (auto* axes : {&roles.batch, &roles.rows, &roles.columns})
    for (auto& each : *axes) each.c = c.strides[axis++];
  if (packed) {
    std::int64_t stride = 1;
    for (auto* axes : {&roles.inner, &roles.columns, &roles.batch})
      for (auto each = axes->rbegin(); each != axes->rend(); ++each) {
        each->b = stride;
        stride *= each->extent;
      }
  }
  return roles;
}

}  // namespace reel::cpu
