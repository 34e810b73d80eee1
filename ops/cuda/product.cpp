#include "cpu/product_axes.h"
#include "kernels.h"

namespace reel::cuda {

namespace {

using Axis = cpu::ProductAxis;

/// The only axis of a role, or one of extent 1; none where there are more.
std::optional<Axis> one_of(const cpu::ProductAxes& axes) {
  const auto all = collapsed(axes);
  if (all.size() > 1) return std::nullopt;
  return all.empty() ? Axis{1, 0, 0, 0} : all[0];
}

/// The strides of a matrix of which no two rows, or columns, overlap; one along an axis of extent 1 is made
/// to fit. None where neither is side by side.
std::optional<CudaProduct::Matrix> matrix(std::int64_t rows, std::int64_t row, std::int64_t columns,
                                          std::int64_t column, std::int64_t batch) {
  if (columns == 1) column = 1;
  if (rows == 1) row = column == 1 ? columns : 1;
  if (column == 1 && row >= columns) return CudaProduct::Matrix{row, column, batch};
  if (row == 1 && column >= rows) return CudaProduct::Matrix{row, column, batch};
  return std::nullopt;
}

std::optional<CudaProduct> product_of(const KernelRequest& request) {
  const auto roles = cpu::product_roles(request, false);
  const auto batch = one_of(roles.batch);
  auto row = one_of(roles.rows), column = one_of(roles.columns), inner = one_of(roles.inner);
  if (!batch || !row || !column || !inner) return std::nullopt;
  auto a = matrix(row->extent, row->a, inner->extent, inner->a, batch->a);
  auto b = matrix(inner->extent, inner->b, column->extent, column->b, batch->b);
  const auto c = matrix(row->extent, row->c, column->extent, column->c, batch->c);
  if (!a || !b || !c || c->column != 1 || request.result.type.shape.size() == 0 || inner->extent == 0)
    return std::nullopt;
  return CudaProduct{
      request.result.type.element, row->extent, column->extent, inner->extent, batch->extent, *a, *b, *c};
}

}  // namespace

CudaKernels product_kernels() {
  CudaKernels kernels;
  kernels.product = product_of;
  kernels.kernel = [](const KernelRequest& request) {
    const auto roles = cpu::product_roles(request, false);
    cpu::ProductAxes outer = roles.batch;
    outer.insert(outer.end(), roles.rows.begin(), roles.rows.end());
    outer.insert(outer.end(), roles.columns.begin(), roles.columns.end());
    outer = collapsed(outer);
    const auto inner = collapsed(roles.inner);
    CudaKernel kernel{{"product.cuh", ""},
                      "product<" + cuda_name(request.result.type.element) + ", " +
                          std::to_string(outer.size()) + ", " + std::to_string(inner.size()) + ">",
                      {count_of(outer), count_of(inner)}};
    for (const auto& axis : outer)
      kernel.numbers.insert(kernel.numbers.end(), {axis.extent, axis.a, axis.b, axis.c});
    for (const auto& axis : inner) kernel.numbers.insert(kernel.numbers.end(), {axis.extent, axis.a, axis.b});
    kernel.blocks = CudaKernel::blocks_for(count_of(outer));
    return kernel;
  };
  return kernels;
}

}  // namespace reel::cuda
