#pragma once
#include "product_axes.h"
#include "product_kernels.h"
#include "variant.h"

namespace reel::cpu {

/// How a product is done as one of many matrices, all alike.
struct ProductPlan {
  const ProductKernels* kernels = nullptr;
  std::int64_t element_bytes = 0;
  /// One of them. Its runs are those below.
  Product matrix;
  std::vector<std::int64_t> a_runs, b_runs;
  /// Panels of a matrix.
  std::int64_t panels = 0;
  /// The result asks for the transposed product, which has the left operand where B stands here.
  bool gains_by_transposing = false;
  /// It is that, with operands changed over.
  bool transposed = false;
  /// What counts the matrices. Where B is packed they stand there in that order.
  ProductAxes matrices;
  /// B where it is packed: the axes that count its matrices and the one of their columns, with strides of a B
  /// that lies [batch, columns, inner].
  ProductAxes packed_matrices;
  ProductAxis main_column{};

  ProductPlan() = default;
  /// A copy would point to the runs of the other.
  ProductPlan(ProductPlan&&) = default;

  /// Elements of one packed matrix.
  std::int64_t packed_elements() const { return panels * kernels->panel * matrix.k; }
};

/// With `packed` the right operand is.
ProductPlan plan_product(const KernelRequest& request, Variant variant, bool packed);

std::int64_t divided_up(std::int64_t a, std::int64_t b);

/// Offsets of all positions of `axes` in row-major order, of what `stride` tells.
std::vector<std::int64_t> offsets(const ProductAxes& axes, std::int64_t ProductAxis::*stride);

}  // namespace reel::cpu
