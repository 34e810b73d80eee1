#pragma once
#include <reel/cpu_kernel.h>

/// The axes of a matrix product, taken from the layouts of its operands.
namespace reel::cpu {

/// An axis of a product and its strides in both operands and the result; 0 in one that lacks it.
struct ProductAxis {
  std::int64_t extent, a, b, c;
};
using ProductAxes = std::vector<ProductAxis>;

struct ProductRoles {
  ProductAxes batch, rows, columns, inner;
};

/// The axes by their roles, in order. With `packed` the layout of the right operand is left out: its strides
/// are those of [batch, columns, inner] side by side.
ProductRoles product_roles(const KernelRequest& request, bool packed);

/// The same elements in the same order by fewer axes: those of extent 1 go, and those that continue one
/// another in the operands and the result become one.
ProductAxes collapsed(const ProductAxes& axes);

std::int64_t size_of(const ProductAxes& axes);

}  // namespace reel::cpu
