#pragma once
#include <reel/cpu_kernel.h>
#include <reel/joint_axes.h>

/// The axes of a matrix product, taken from the layouts of its operands.
namespace reel::cpu {

/// An axis of a product and its strides in both operands and the result; 0 in one that lacks it.
struct ProductAxis {
  std::int64_t extent, a, b, c;

  bool continues_in(const ProductAxis& next) const {
    return a == next.a * next.extent && b == next.b * next.extent && c == next.c * next.extent;
  }
};
using ProductAxes = std::vector<ProductAxis>;

struct ProductRoles {
  ProductAxes batch, rows, columns, inner;
};

/// The axes by their roles, in order. With `packed` the layout of the right operand is left out: its strides
/// are those of [batch, columns, inner] side by side.
ProductRoles product_roles(const KernelRequest& request, bool packed);

}  // namespace reel::cpu
