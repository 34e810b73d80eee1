#include "product.h"
#include "product_plan.h"

namespace reel::cpu {

namespace {

/// The packing of B, cut into pieces of panels whose columns are evenly spaced.
class BoundPacking {
 public:
  BoundPacking(const KernelRequest& request, Variant variant)
      : BoundPacking(request, plan_product(request, variant, true)) {}

  BoundPacking(const KernelRequest& request, const ProductPlan& product)
      : element_bytes_(product.element_bytes),
        kernels_(*product.kernels),
        n_(product.matrix.n),
        k_(product.matrix.k) {
    if (k_ == 0) return;
    auto roles = product_roles(request, false);
    for (auto& axis : roles.inner) axis.a = 0;
    const auto inner = collapsed(roles.inner);
    steps_ = inner.empty() ? 1 : inner.back().extent;
    step_ = inner.empty() ? 0 : inner.back().b;
    runs_ = offsets(inner.empty() ? inner : ProductAxes(inner.begin(), inner.end() - 1), &ProductAxis::b);
    // Where each column of each matrix is, in the order [batch, columns].
    auto axes = roles.batch;
    axes.insert(axes.end(), roles.columns.begin(), roles.columns.end());
    const auto places = offsets(axes, &ProductAxis::b);
    const auto column = product.main_column.b;
    std::int64_t packed = 0;
    for (auto matrix : offsets(product.packed_matrices, &ProductAxis::b)) {
      const auto place = [&](std::int64_t j) { return places[(matrix + j * column) / k_]; };
      for (std::int64_t first = 0; first < n_;) first = add_piece(first, packed, place);
      packed += product.packed_elements();
    }
  }

  std::int64_t most_parts() const {
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(pieces_.size()));
  }
  double nanoseconds() const {
    return 10 + static_cast<double>(pieces_.size()) * static_cast<double>(k_ * kernels_.panel) * 0.2;
  }

  void run(const CpuCall& call) const {
    const auto* b = static_cast<const char*>(call.inputs[0]);
    auto* packed = static_cast<char*>(call.output);
    const auto count = static_cast<std::int64_t>(pieces_.size());
    for (auto i = count * call.part / call.parts; i < count * (call.part + 1) / call.parts; ++i) {
      const auto& piece = pieces_[i];
      const Packing packing{
          steps_, step_, piece.stride, piece.first, piece.last, kernels_.panel * k_, piece.last == n_};
      for (std::size_t run = 0; run < runs_.size(); ++run) {
        const auto step = static_cast<std::int64_t>(run) * steps_;
        kernels_.pack(packing, b + (piece.from + runs_[run]) * element_bytes_,
                      packed + (piece.packed + step * kernels_.panel) * element_bytes_);
      }
    }
  }

 private:
  struct Piece {
    std::int64_t first, last, stride, from, packed;
  };

  /// From column `first` on as far as the panel goes and the columns are evenly spaced. Returns the next one.
  template <class Place>
  std::int64_t add_piece(std::int64_t first, std::int64_t packed, const Place& place) {
    const auto end = std::min(n_, (first / kernels_.panel + 1) * kernels_.panel);
    const auto stride = first + 1 < end ? place(first + 1) - place(first) : 1;
    auto last = first + 1;
    while (last < end && place(last) - place(last - 1) == stride) ++last;
    pieces_.push_back({first, last, stride, place(first), packed});
    return last;
  }

  const std::int64_t element_bytes_;
  const ProductKernels& kernels_;
  const std::int64_t n_, k_;
  std::int64_t steps_ = 0, step_ = 0;
  std::vector<std::int64_t> runs_;
  std::vector<Piece> pieces_;
};

}  // namespace

std::size_t packed_bytes(const KernelRequest& request, Variant variant) {
  if (request.result.type.shape.size() == 0) return 0;
  const auto product = plan_product(request, variant, true);
  if (product.gains_by_transposing) return 0;
  const auto matrices = count_of(product.packed_matrices);
  // The packing lists its columns one by one.
  constexpr std::int64_t most_columns = 1 << 24;
  if (matrices > most_columns || product.matrix.n > most_columns / matrices) return 0;
  const auto packed = product.packed_elements() * matrices;
  // Very narrow matrices would be mostly padding.
  constexpr std::int64_t most_growth = 4;
  if (packed > most_growth * request.operands[1].type.shape.size()) return 0;
  return static_cast<std::size_t>(packed) * size_of(request.result.type.element);
}

CpuKernel packing_kernel(const KernelRequest& request, Variant variant) {
  const auto bound = std::make_shared<const BoundPacking>(request, variant);
  return {[bound](const CpuCall& call) { bound->run(call); }, 0, bound->most_parts(), bound->nanoseconds()};
}

}  // namespace reel::cpu
