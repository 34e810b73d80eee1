#include "product.h"

#include <algorithm>

#include "product_axes.h"
#include "product_kernels.h"

namespace reel::cpu {

namespace {

const ProductKernels& kernels_of(Variant variant, ElementType element) {
  const bool is_float = element == ElementType::float32;
#define REEL_PICK(name) \
  if (variant == Variant::name) return is_float ? name::float_product : name::double_product;
  REEL_EACH_VARIANT(REEL_PICK)
#undef REEL_PICK
  throw InternalError("no such variant");
}

std::int64_t divided_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

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

/// Offsets of all positions of `axes` in row-major order, of what `stride` tells.
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

/// Steps of the inner axis that are one chain of multiply-adds, and how many steps of floats make it a long
/// one, with shorter chains: from its length alone. So a product over all steps of a loop of millions is as
/// exact as a sum of them.
constexpr std::int64_t longest_chain = 512, is_long = 1 << 16, longest_of_long = 64;
/// Rows and panels of C that are made together in a long one.
constexpr std::int64_t rows_of_long = 64, panels_of_long = 8;
/// Bytes of the blocks of A and B that should stay in cache while they are used.
constexpr std::int64_t row_block_bytes = 256 << 10, panel_block_bytes = 1 << 20;
/// Bytes of a right operand that every thread has in its cache as a whole, at most.
constexpr std::int64_t cached_bytes = 512 << 10;

/// A product of many matrices: everything worked out.
class BoundProduct {
 public:
  BoundProduct(const KernelRequest& request, Variant variant, bool packed)
      : element_bytes_(static_cast<std::int64_t>(size_of(request.result.type.element))),
        kernels_(kernels_of(variant, request.result.type.element)) {
    auto roles = product_roles(request, packed);
    product_.packed = packed;
    auto rows = collapsed(roles.rows), columns = collapsed(roles.columns);
    auto row = take_main(rows), column = take_main(columns);
    // Where C has its neighbours along the rows, the transposed product is the same.
    gains_by_transposing_ = column.extent > 1 && column.c != 1 && row.c == 1;
    transposed_ = gains_by_transposing_ && !packed;
    auto inner = collapsed(roles.inner);
    if (transposed_) {
      std::swap(row, column);
      for (auto* axes : {&roles.batch, &rows, &columns, &inner})
        for (auto& axis : *axes) std::swap(axis.a, axis.b);
      std::swap(row.a, row.b);
      std::swap(column.a, column.b);
    }
    product_.m = row.extent;
    product_.n = column.extent;
    product_.k = size_of(inner);
    product_.a_row = row.a;
    product_.c_row = row.c;
    product_.b_column = column.extent == 1 ? 1 : column.b;
    product_.c_column = column.extent == 1 ? 1 : column.c;
    main_column_ = column;
    set_inner(std::move(inner));
    panels_ = divided_up(product_.n, kernels_.panel);
    // What is left loops over matrices; a packed B stands there in the order of these axes.
    matrices_ = roles.batch;
    matrices_.insert(matrices_.end(), columns.begin(), columns.end());
    if (packed) {
      packed_matrices_ = matrices_ = collapsed(matrices_);
      auto stride = packed_elements();
      for (auto axis = matrices_.rbegin(); axis != matrices_.rend(); ++axis) {
        axis->b = stride;
        stride *= axis->extent;
      }
    }
    matrices_.insert(matrices_.end(), rows.begin(), rows.end());
    matrices_ = collapsed(matrices_);
    count_ = size_of(matrices_);
    set_blocks();
  }
  BoundProduct(const BoundProduct&) = delete;

  /// Whether the result asks for the transposed product, which has the left operand where B stands here.
  bool gains_by_transposing() const { return gains_by_transposing_; }
  const Product& matrices() const { return product_; }
  /// B where it is packed: the axes that count matrices and the one of the columns, with strides of a B
  /// that lies [batch, columns, inner].
  const ProductAxes& packed_matrices() const { return packed_matrices_; }
  const ProductAxis& main_column() const { return main_column_; }
  /// Size of one packed matrix.
  std::int64_t packed_elements() const { return panels_ * kernels_.panel * product_.k; }

  std::size_t scratch_bytes() const {
    const auto& p = product_;
    const auto of_c = p.is_long ? p.row_block * p.panel_block * kernels_.panel : 0;
    return static_cast<std::size_t>((p.a_elements + p.b_elements + of_c) * element_bytes_) +
           static_cast<std::size_t>(of_c) * sizeof(double);
  }
  std::int64_t most_parts() const {
    return std::max<std::int64_t>(1, std::max(count_, panels_ * divided_up(product_.m, kernels_.rows)));
  }
  double nanoseconds() const {
    const double matrices = static_cast<double>(count_), k = static_cast<double>(product_.k) + 4;
    const double tiles = static_cast<double>(divided_up(product_.m, kernels_.rows) * panels_);
    const double all = static_cast<double>(product_.m * panels_ * kernels_.panel);
    const double copied = (product_.copies_a ? static_cast<double>(product_.m) : 0) +
                          (product_.copies_b ? static_cast<double>(product_.n) : 0);
    return 10 + matrices * (all * k / kernels_.speed + 5 * tiles + 0.2 * copied * k);
  }

  std::optional<Reach> reach(std::size_t operand, int part, int parts) const {
    constexpr std::size_t result = 2;
    const auto& p = product_;
    const bool is_rows = operand == (transposed_ ? 1 : 0);
    if (count_ != 1 || p.k == 0 || !(operand == result || (is_rows && !p.a_runs))) return std::nullopt;
    const auto own = part_of(part, parts);
    const auto first = own.first_panel * kernels_.panel,
               last = std::min(p.n, own.last_panel * kernels_.panel);
    if (own.first_row == own.last_row || first >= last) return Reach{0, 0};
    Reach reach{0, element_bytes_};
    reach.extend(own.first_row, own.last_row - 1, (is_rows ? p.a_row : p.c_row) * element_bytes_);
    if (is_rows)
      reach.extend(0, p.run - 1, p.a_inner * element_bytes_);
    else
      reach.extend(first, last - 1, p.c_column * element_bytes_);
    return reach;
  }

  void run(const CpuCall& call) const {
    const auto *a = static_cast<const char*>(call.inputs[0]), *b = static_cast<const char*>(call.inputs[1]);
    if (transposed_) std::swap(a, b);
    auto* c = static_cast<char*>(call.output);
    if (count_ == 1)
      return kernels_.multiply(product_, part_of(call.part, call.parts), a, b, c, call.scratch);
    const auto multiply = [&](std::int64_t matrix, const ProductPart& part) {
      std::int64_t a_at = 0, b_at = 0, c_at = 0;
      for (auto axis = matrices_.rbegin(); axis != matrices_.rend(); ++axis) {
        const auto position = matrix % axis->extent;
        matrix /= axis->extent;
        a_at += position * axis->a;
        b_at += position * axis->b;
        c_at += position * axis->c;
      }
      kernels_.multiply(product_, part, a + a_at * element_bytes_, b + b_at * element_bytes_,
                        c + c_at * element_bytes_, call.scratch);
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
  void set_inner(ProductAxes inner) {
    const auto last = inner.empty() ? ProductAxis{1, 0, 0, 0} : inner.back();
    product_.run = last.extent;
    product_.a_inner = last.a;
    product_.b_inner = last.b;
    product_.a_runs = product_.b_runs = nullptr;
    if (inner.size() > 1) {
      inner.pop_back();
      a_runs_ = offsets(inner, &ProductAxis::a);
      b_runs_ = offsets(inner, &ProductAxis::b);
      product_.a_runs = a_runs_.data();
      product_.b_runs = b_runs_.data();
    }
  }

  void set_blocks() {
    auto& p = product_;
    p.is_long = element_bytes_ == sizeof(float) && p.k > is_long;
    const auto blocks =
        std::max<std::int64_t>(1, divided_up(p.k, p.is_long ? longest_of_long : longest_chain));
    p.inner_block = std::max<std::int64_t>(1, divided_up(p.k, blocks));
    const auto step_bytes = p.inner_block * element_bytes_;
    const auto tiles = std::max<std::int64_t>(1, row_block_bytes / (step_bytes * kernels_.rows));
    p.row_block = p.is_long ? divided_up(rows_of_long, kernels_.rows) * kernels_.rows : tiles * kernels_.rows;
    p.panel_block = std::max<std::int64_t>(1, panels_);
    const bool many_rows = p.m > p.row_block;
    p.copies_b = !p.packed && (p.b_column != 1 || p.b_runs || p.m > 2 * kernels_.rows);
    // Evenly spaced, A is read where it is: copies cost time at all sizes up to (64, 2048, 512) on Zen 4.
    p.copies_a = p.a_runs != nullptr;
    if (p.copies_b && many_rows)
      p.panel_block =
          std::clamp<std::int64_t>(panel_block_bytes / (step_bytes * kernels_.panel), 1, p.panel_block);
    if (p.is_long) p.panel_block = std::min(p.panel_block, panels_of_long);
    // Besides the block itself a vector more than is needed, and a multiple of a cache line.
    p.a_elements = p.copies_a ? divided_up(std::min(p.m, p.row_block) * p.inner_block + 32, 32) * 32 : 0;
    constexpr std::int64_t most_together = 4;
    const bool needs_b = p.copies_b || (!p.packed && p.n % kernels_.panel != 0);
    p.b_elements =
        needs_b ? std::max(many_rows ? p.panel_block : 1, most_together) * kernels_.panel * p.inner_block : 0;
  }

  /// By rows, as maps are divided, where B fits every cache: then each thread goes its own way through the
  /// steps of a batch. Else by panels, so that every thread has columns of its own in its cache at every
  /// call; by rows too where the panels do not suffice.
  ProductPart part_of(std::int64_t part, std::int64_t parts) const {
    if (parts == 1) return {0, product_.m, 0, panels_};
    const auto b_bytes = panels_ * kernels_.panel * product_.k * element_bytes_;
    const bool by_rows = !transposed_ && product_.m >= parts * kernels_.rows && b_bytes <= cached_bytes;
    auto across = by_rows ? 1 : parts;
    while (across > 1 && (parts % across != 0 || !suffice(across))) --across;
    const auto down = parts / across, column = part % across, row = part / across;
    return {product_.m * row / down, product_.m * (row + 1) / down, panels_ * column / across,
            panels_ * (column + 1) / across};
  }
  /// Whether the panels can be divided by `across` fairly.
  bool suffice(std::int64_t across) const { return panels_ % across == 0 || panels_ >= 4 * across; }

  std::int64_t element_bytes_;
  const ProductKernels& kernels_;
  Product product_;
  bool gains_by_transposing_, transposed_;
  std::int64_t panels_, count_;
  std::vector<std::int64_t> a_runs_, b_runs_;
  ProductAxes matrices_, packed_matrices_;
  ProductAxis main_column_;
};

/// The packing of B, cut into pieces of panels whose columns are evenly spaced.
class BoundPacking {
 public:
  BoundPacking(const KernelRequest& request, Variant variant)
      : element_bytes_(static_cast<std::int64_t>(size_of(request.result.type.element))),
        kernels_(kernels_of(variant, request.result.type.element)) {
    const BoundProduct product(request, variant, true);
    n_ = product.matrices().n;
    k_ = product.matrices().k;
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
    const auto column = product.main_column().b;
    std::int64_t packed = 0;
    for (auto matrix : offsets(product.packed_matrices(), &ProductAxis::b)) {
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

  std::int64_t element_bytes_;
  const ProductKernels& kernels_;
  std::int64_t n_, k_, steps_, step_;
  std::vector<std::int64_t> runs_;
  std::vector<Piece> pieces_;
};

}  // namespace

CpuKernel product_kernel(const KernelRequest& request, Variant variant) {
  if (request.result.type.shape.size() == 0) return {[](const CpuCall&) {}};
  const auto bound = std::make_shared<const BoundProduct>(request, variant, request.prepared);
  return {[bound](const CpuCall& call) { bound->run(call); }, bound->scratch_bytes(), bound->most_parts(),
          bound->nanoseconds(),
          [bound](std::size_t operand, int part, int parts) { return bound->reach(operand, part, parts); }};
}

std::size_t packed_bytes(const KernelRequest& request, Variant variant) {
  if (request.result.type.shape.size() == 0) return 0;
  const BoundProduct product(request, variant, true);
  if (product.gains_by_transposing()) return 0;
  const auto matrices = size_of(product.packed_matrices());
  // The packing lists its columns one by one.
  constexpr std::int64_t most_columns = 1 << 24;
  if (matrices > most_columns || product.matrices().n > most_columns / matrices) return 0;
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

CpuKernels product_kernels() {
  CpuKernels kernels;
  kernels.kernel = [](const KernelRequest& request) { return product_kernel(request); };
  kernels.any_layout = true;
  kernels.prepared = {1, [](const KernelRequest& request) { return packed_bytes(request); },
                      [](const KernelRequest& request) { return packing_kernel(request); }};
  return kernels;
}

}  // namespace reel::cpu
