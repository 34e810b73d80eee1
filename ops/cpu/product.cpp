#include "product.h"

#include <algorithm>

#include "product_plan.h"

namespace reel::cpu {

namespace {

/// Bytes of a right operand that every thread has in its cache as a whole, at most.
constexpr std::int64_t cached_bytes = 512 << 10;

/// A product as it is called, by one thread or several.
class BoundProduct {
 public:
  BoundProduct(const KernelRequest& request, Variant variant)
      : plan_(plan_product(request, variant, request.prepared)), count_(count_of(plan_.matrices)) {}
  BoundProduct(const BoundProduct&) = delete;

  std::size_t scratch_bytes() const {
    const auto& p = plan_.matrix;
    const auto of_c = p.is_long ? p.row_block * p.panel_block * plan_.kernels->panel : 0;
    return static_cast<std::size_t>((p.a_elements + p.b_elements + of_c) * plan_.element_bytes) +
           static_cast<std::size_t>(of_c) * sizeof(double);
  }
  std::int64_t most_parts() const {
    return std::max<std::int64_t>(
        1, std::max(count_, plan_.panels * divided_up(plan_.matrix.m, plan_.kernels->rows)));
  }
  double nanoseconds() const {
    const double matrices = static_cast<double>(count_), k = static_cast<double>(plan_.matrix.k) + 4;
    const double tiles = static_cast<double>(divided_up(plan_.matrix.m, plan_.kernels->rows) * plan_.panels);
    const double all = static_cast<double>(plan_.matrix.m * plan_.panels * plan_.kernels->panel);
    const double copied = (plan_.matrix.copies_a ? static_cast<double>(plan_.matrix.m) : 0) +
                          (plan_.matrix.copies_b ? static_cast<double>(plan_.matrix.n) : 0);
    return 10 + matrices * (all * k / plan_.kernels->speed + 5 * tiles + 0.2 * copied * k);
  }

  std::optional<Reach> reach(std::size_t operand, int part, int parts) const {
    constexpr std::size_t result = 2;
    const auto& p = plan_.matrix;
    const bool is_rows = operand == (plan_.transposed ? 1 : 0);
    if (count_ != 1 || p.k == 0 || !(operand == result || (is_rows && !p.a_runs))) return std::nullopt;
    const auto own = part_of(part, parts);
    const auto first = own.first_panel * plan_.kernels->panel,
               last = std::min(p.n, own.last_panel * plan_.kernels->panel);
    if (own.first_row == own.last_row || first >= last) return Reach{0, 0};
    Reach reach{0, plan_.element_bytes};
    reach.extend(own.first_row, own.last_row - 1, (is_rows ? p.a_row : p.c_row) * plan_.element_bytes);
    if (is_rows)
      reach.extend(0, p.run - 1, p.a_inner * plan_.element_bytes);
    else
      reach.extend(first, last - 1, p.c_column * plan_.element_bytes);
    return reach;
  }

  void run(const CpuCall& call) const {
    const auto *a = static_cast<const char*>(call.inputs[0]), *b = static_cast<const char*>(call.inputs[1]);
    if (plan_.transposed) std::swap(a, b);
    auto* c = static_cast<char*>(call.output);
    if (count_ == 1)
      return plan_.kernels->multiply(plan_.matrix, part_of(call.part, call.parts), a, b, c, call.scratch);
    const auto multiply = [&](std::int64_t matrix, const ProductPart& part) {
      std::int64_t a_at = 0, b_at = 0, c_at = 0;
      for (auto axis = plan_.matrices.rbegin(); axis != plan_.matrices.rend(); ++axis) {
        const auto position = matrix % axis->extent;
        matrix /= axis->extent;
        a_at += position * axis->a;
        b_at += position * axis->b;
        c_at += position * axis->c;
      }
      plan_.kernels->multiply(plan_.matrix, part, a + a_at * plan_.element_bytes,
                              b + b_at * plan_.element_bytes, c + c_at * plan_.element_bytes, call.scratch);
    };
    if (count_ >= 4 * call.parts || count_ % call.parts == 0) {
      const auto part = part_of(0, 1);
      const auto last = count_ * (call.part + 1) / call.parts;
      for (auto i = count_ * call.part / call.parts; i < last; ++i) multiply(i, part);
    } else {
      const auto part = part_of(call.part, call.parts);
      for (std::int64_t i = 0; i < count_; ++i) multiply(i, part);
    }
  }

 private:
  /// By rows, as maps are divided, where B fits every cache: then each thread goes its own way through the
  /// steps of a batch. Else by panels, so that every thread has columns of its own in its cache at every
  /// call; by rows too where the panels do not suffice.
  ProductPart part_of(std::int64_t part, std::int64_t parts) const {
    if (parts == 1) return {0, plan_.matrix.m, 0, plan_.panels};
    const auto b_bytes = plan_.panels * plan_.kernels->panel * plan_.matrix.k * plan_.element_bytes;
    const bool by_rows =
        !plan_.transposed && plan_.matrix.m >= parts * plan_.kernels->rows && b_bytes <= cached_bytes;
    auto across = by_rows ? 1 : parts;
    while (across > 1 && (parts % across != 0 || !suffice(across))) --across;
    const auto down = parts / across, column = part % across, row = part / across;
    return {plan_.matrix.m * row / down, plan_.matrix.m * (row + 1) / down, plan_.panels * column / across,
            plan_.panels * (column + 1) / across};
  }
  /// Whether the panels can be divided by `across` fairly.
  bool suffice(std::int64_t across) const { return plan_.panels % across == 0 || plan_.panels >= 4 * across; }

  const ProductPlan plan_;
  const std::int64_t count_;  // of matrices
};

}  // namespace

CpuKernel product_kernel(const KernelRequest& request, Variant variant) {
  if (request.result.type.shape.size() == 0) return {[](const CpuCall&) {}};
  const auto bound = std::make_shared<const BoundProduct>(request, variant);
  return {[bound](const CpuCall& call) { bound->run(call); }, bound->scratch_bytes(), bound->most_parts(),
          bound->nanoseconds(),
          [bound](std::size_t operand, int part, int parts) { return bound->reach(operand, part, parts); }};
}

CpuKernels product_kernels() {
  CpuKernels kernels;
  kernels.kernel = [](const KernelRequest& request) { return product_kernel(request); };
  kernels.any_layout = true;
  kernels.prepared = {1, [](const KernelRequest& request) { return packed_bytes(request); },
                      [](const KernelRequest& request) { return packing_kernel(request); }};
  return kernels;
}

}  // namespace reel::cpu
