#include "product_plan.h"

#include <algorithm>

namespace reel::cpu {

std::int64_t divided_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

std::vector<std::int64_t> offsets(const ProductAxes& axes, std::int64_t ProductAxis::*stride) {
  std::vector<std::int64_t> all{0};
  for (const auto& axis : axes) {
    std::vector<std::int64_t> next;
    next.reserve(all.size() * static_cast<std::size_t>(axis.extent));
    for (auto offset : all)
      for (std::int64_t i = 0; i < axis.extent; ++i) next.push_back(offset + i * (axis.*stride));
    all = std::move(next);
  }
  return all;
}

namespace {

const ProductKernels& kernels_of(Variant variant, ElementType element) {
  const bool is_float = element == ElementType::float32;
#define REEL_PICK(name) \
  if (variant == Variant::name) return is_float ? name::float_product : name::double_product;
  REEL_EACH_VARIANT(REEL_PICK)
#undef REEL_PICK
  throw InternalError("no such variant");
}

/// Steps of the inner axis that are one chain of multiply-adds, and how many steps of floats make it a long
/// one, with shorter chains: from its length alone. So a product over all steps of a loop of millions is as
/// exact as a sum of them.
constexpr std::int64_t longest_chain = 512, is_long = 1 << 16, longest_of_long = 64;
/// Rows and panels of C that are made together in a long one.
constexpr std::int64_t rows_of_long = 64, panels_of_long = 8;
/// Bytes of the blocks of A and B that should stay in cache while they are used.
constexpr std::int64_t row_block_bytes = 256 << 10, panel_block_bytes = 1 << 20;
/// The axes of a product: those of one matrix, and what is left of each role.
struct Arrangement {
  ProductAxis row, column;
  ProductAxes inner, batch, rows, columns;
  bool gains_by_transposing, transposed;
};

/// Takes out the axis that becomes the rows or the columns of the matrices: the one with neighbours in C, or
/// the longest.
ProductAxis take_main(ProductAxes& axes) {
  if (axes.empty()) return {1, 0, 0, 1};
  const auto main = std::max_element(axes.begin(), axes.end(), [](const auto& x, const auto& y) {
    return std::make_pair(x.c == 1, x.extent) < std::make_pair(y.c == 1, y.extent);
  });
  const auto taken = *main;
  axes.erase(main);
  return taken;
}

Arrangement arrange(const KernelRequest& request, bool packed) {
  const auto roles = product_roles(request, packed);
  Arrangement found;
  found.batch = roles.batch;
  found.inner = collapsed(roles.inner);
  found.rows = collapsed(roles.rows);
  found.columns = collapsed(roles.columns);
  found.row = take_main(found.rows);
  found.column = take_main(found.columns);
  // Where C has its neighbours along the rows, the transposed product is the same.
  found.gains_by_transposing = found.column.extent > 1 && found.column.c != 1 && found.row.c == 1;
  found.transposed = found.gains_by_transposing && !packed;
  if (!found.transposed) return found;
  std::swap(found.row, found.column);
  for (auto* axes : {&found.batch, &found.rows, &found.columns, &found.inner})
    for (auto& axis : *axes) std::swap(axis.a, axis.b);
  for (auto* axis : {&found.row, &found.column}) std::swap(axis->a, axis->b);
  return found;
}

/// One matrix, but for its blocks and runs.
Product matrix_of(const Arrangement& axes, bool packed) {
  Product matrix{};
  matrix.packed = packed;
  matrix.m = axes.row.extent;
  matrix.n = axes.column.extent;
  matrix.k = count_of(axes.inner);
  matrix.a_row = axes.row.a;
  matrix.c_row = axes.row.c;
  matrix.b_column = axes.column.extent == 1 ? 1 : axes.column.b;
  matrix.c_column = axes.column.extent == 1 ? 1 : axes.column.c;
  const auto last = axes.inner.empty() ? ProductAxis{1, 0, 0, 0} : axes.inner.back();
  matrix.run = last.extent;
  matrix.a_inner = last.a;
  matrix.b_inner = last.b;
  return matrix;
}

void set_runs(ProductPlan& plan, ProductAxes inner) {
  if (inner.size() < 2) return;
  inner.pop_back();
  plan.a_runs = offsets(inner, &ProductAxis::a);
  plan.b_runs = offsets(inner, &ProductAxis::b);
  plan.matrix.a_runs = plan.a_runs.data();
  plan.matrix.b_runs = plan.b_runs.data();
}

/// What counts the matrices; a packed B stands in the order of these axes.
void set_matrices(ProductPlan& plan, const Arrangement& axes) {
  auto& matrices = plan.matrices = axes.batch;
  matrices.insert(matrices.end(), axes.columns.begin(), axes.columns.end());
  if (plan.matrix.packed) {
    plan.packed_matrices = matrices = collapsed(matrices);
    auto stride = plan.packed_elements();
    for (auto axis = matrices.rbegin(); axis != matrices.rend(); ++axis) {
      axis->b = stride;
      stride *= axis->extent;
    }
  }
  matrices.insert(matrices.end(), axes.rows.begin(), axes.rows.end());
  matrices = collapsed(matrices);
}

/// The blocks of the inner axis, of rows and of panels.
void set_blocks(Product& p, const ProductKernels& kernels, std::int64_t panels, std::int64_t element_bytes) {
  p.is_long = element_bytes == sizeof(float) && p.k > is_long;
  const auto blocks = std::max<std::int64_t>(1, divided_up(p.k, p.is_long ? longest_of_long : longest_chain));
  p.inner_block = std::max<std::int64_t>(1, divided_up(p.k, blocks));
  const auto step_bytes = p.inner_block * element_bytes;
  const auto tiles = std::max<std::int64_t>(1, row_block_bytes / (step_bytes * kernels.rows));
  p.row_block = p.is_long ? divided_up(rows_of_long, kernels.rows) * kernels.rows : tiles * kernels.rows;
  p.panel_block = std::max<std::int64_t>(1, panels);
  if (p.copies_b && p.m > p.row_block)
    p.panel_block =
        std::clamp<std::int64_t>(panel_block_bytes / (step_bytes * kernels.panel), 1, p.panel_block);
  if (p.is_long) p.panel_block = std::min(p.panel_block, panels_of_long);
}

/// How much of its operands is copied before it is used.
void set_copies(Product& p, const ProductKernels& kernels) {
  // Besides the block itself a vector more than is needed, and a multiple of a cache line.
  p.a_elements = p.copies_a ? divided_up(std::min(p.m, p.row_block) * p.inner_block + 32, 32) * 32 : 0;
  constexpr std::int64_t most_together = 4;
  const bool needs_b = p.copies_b || (!p.packed && p.n % kernels.panel != 0);
  const auto panels = std::max(p.m > p.row_block ? p.panel_block : 1, most_together);
  p.b_elements = needs_b ? panels * kernels.panel * p.inner_block : 0;
}

}  // namespace

ProductPlan plan_product(const KernelRequest& request, Variant variant, bool packed) {
  const auto axes = arrange(request, packed);
  const auto element = request.result.type.element;
  ProductPlan plan;
  plan.kernels = &kernels_of(variant, element);
  plan.element_bytes = static_cast<std::int64_t>(size_of(element));
  plan.matrix = matrix_of(axes, packed);
  plan.panels = divided_up(plan.matrix.n, plan.kernels->panel);
  plan.gains_by_transposing = axes.gains_by_transposing;
  plan.transposed = axes.transposed;
  plan.main_column = axes.column;
  set_runs(plan, axes.inner);
  set_matrices(plan, axes);
  auto& p = plan.matrix;
  p.copies_b = !p.packed && (p.b_column != 1 || p.b_runs || p.m > 2 * plan.kernels->rows);
  // Evenly spaced, A is read where it is: copies cost time at all sizes up to (64, 2048, 512) on Zen 4. Not
  // so where it lies transposed, as in gradients of weights, and each step is on another page's lines of the
  // first cache: then a copy is worth it once enough columns use it. At (512, 2048, 3200) AVX2 has 103
  // GFLOP/s instead of 94.
  constexpr std::int64_t far_apart = 1024, many_columns = 512;  // bytes; columns
  const bool is_scattered =
      p.a_row == 1 && p.a_inner * plan.element_bytes >= far_apart && p.n >= many_columns;
  p.copies_a = p.a_runs != nullptr || is_scattered;
  set_blocks(p, *plan.kernels, plan.panels, plan.element_bytes);
  set_copies(p, *plan.kernels);
  return plan;
}

}  // namespace reel::cpu
