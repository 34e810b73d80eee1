#include "cpu/product_kernels.h"
#include "product_pack.h"
#include "product_tile.h"

namespace reel::cpu::REEL_VARIANT {

namespace {

std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

/// The tiles of 1, 2, ... rows.
template <class Lanes>
struct TileTable {
  using T = typename Lanes::Element;

  /// For a product of one row alone.
  static const Tiles<T>& of_one() {
    static constexpr Tiles<T> tiles = tiles_of<Lanes, 1, row_chains>();
    return tiles;
  }

  static const Tiles<T>& of(std::int64_t rows) {
    if constexpr (most_rows<Lanes> == 8) {
      static constexpr Tiles<T> tiles[] = {tiles_of<Lanes, 1>(), tiles_of<Lanes, 2>(), tiles_of<Lanes, 3>(),
                                           tiles_of<Lanes, 4>(), tiles_of<Lanes, 5>(), tiles_of<Lanes, 6>(),
                                           tiles_of<Lanes, 7>(), tiles_of<Lanes, 8>()};
      return tiles[rows - 1];
    } else {
      static_assert(most_rows<Lanes> == 6, "the table below");
      static constexpr Tiles<T> tiles[] = {tiles_of<Lanes, 1>(), tiles_of<Lanes, 2>(), tiles_of<Lanes, 3>(),
                                           tiles_of<Lanes, 4>(), tiles_of<Lanes, 5>(), tiles_of<Lanes, 6>()};
      return tiles[rows - 1];
    }
  }
};

/// A block of rows cut into tiles of nearly equal heights.
struct Rows {
  std::int64_t first, tiles, least, taller;

  Rows(std::int64_t first, std::int64_t last, std::int64_t most)
      : first(first),
        tiles((last - first + most - 1) / most),
        least((last - first) / tiles),
        taller((last - first) % tiles) {}
  /// The first row of tile `i`, in the block.
  std::int64_t begin(std::int64_t i) const { return i * least + smaller(i, taller); }
  std::int64_t height(std::int64_t i) const { return least + (i < taller ? 1 : 0); }
};

/// One call: the loops around the tiles.
template <class Lanes>
class Multiplication {
 public:
  using T = typename Lanes::Element;
  static constexpr std::int64_t panel_width = panel_vectors * Lanes::count;

  Multiplication(const Product& product, const ProductPart& part, const T* a, const T* b, T* c, T* scratch)
      : p_(product),
        part_(part),
        a_(a),
        b_(b),
        c_(c),
        copy_of_a_(scratch),
        copy_of_b_(scratch + p_.a_elements) {}

  void run() const {
    if (part_.first_row >= part_.last_row) return;
    if (p_.is_long) return run_long();
    if (p_.m == 1 && p_.packed && !p_.copies_a && p_.k <= p_.inner_block) return run_one_row();
    for (auto panel = part_.first_panel; panel < part_.last_panel; panel += p_.panel_block) {
      const auto last_panel = smaller(panel + p_.panel_block, part_.last_panel);
      std::int64_t step = 0;
      do {  // once also where there is nothing to add up
        const auto last_step = smaller(step + p_.inner_block, p_.k);
        for (auto row = part_.first_row; row < part_.last_row; row += p_.row_block)
          block({row, smaller(row + p_.row_block, part_.last_row), panel, last_panel}, step, last_step);
        step = last_step;
      } while (step < p_.k);
    }
  }

 private:
  /// One row by weights that are packed: a step of a stream takes tens of nanoseconds, and what else there is
  /// to decide as long.
  void run_one_row() const {
    Tile<T> tile;
    tile.steps = p_.k;
    tile.a = a_;
    tile.a_row = p_.a_row;
    tile.a_inner = p_.a_inner;
    tile.c_row = p_.c_row;
    tile.c_column = p_.c_column;
    tile.adds = false;
    tile.b_inner = panel_width;
    tile.b_panel = panel_width * p_.k;
    const auto together = panels_together<Lanes>(1, row_chains);
    for (auto panel = part_.first_panel; panel < part_.last_panel;) {
      const auto panels = panels_at(panel, part_.last_panel, together);
      const auto column = panel * panel_width;
      tile.columns = smaller(panels * panel_width, p_.n - column);
      tile.b = b_ + column * p_.k;
      tile.c = c_ + column * p_.c_column;
      kernel_of(TileTable<Lanes>::of_one(), tile.columns)(tile);
      panel += panels;
    }
  }

  /// How many panels a tile takes at once.
  std::int64_t panels_at(std::int64_t panel, std::int64_t last_panel, std::int64_t together) const {
    const auto whole = smaller(p_.n / panel_width, last_panel) - panel;
    return whole >= together ? together : whole >= 2 && together > 2 ? 2 : 1;
  }

  template <class Kernels>
  static auto kernel_of(const Kernels& tiles, std::int64_t width) {
    return width <= Lanes::count      ? tiles.vector
           : width <= panel_width     ? tiles.panel
           : width == 2 * panel_width ? tiles.two
                                      : tiles.four;
  }

  /// Some rows and panels of C after the others, each over the whole inner axis.
  __attribute__((noinline)) void run_long() const {
    for (auto panel = part_.first_panel; panel < part_.last_panel; panel += p_.panel_block)
      for (auto row = part_.first_row; row < part_.last_row; row += p_.row_block)
        add_in_double({row, smaller(row + p_.row_block, part_.last_row), panel,
                       smaller(panel + p_.panel_block, part_.last_panel)});
  }

  void add_in_double(const ProductPart& part) const {
    const auto width = p_.panel_block * panel_width, rows = part.last_row - part.first_row;
    const auto column = part.first_panel * panel_width,
               columns = smaller(part.last_panel * panel_width, p_.n) - column;
    T* values = copy_of_b_ + p_.b_elements;
    auto* totals = reinterpret_cast<double*>(values + p_.row_block * width);
    Product product = p_;
    product.c_row = width;
    product.c_column = 1;
    const Multiplication block_of_c(product, part, a_, b_, values - part.first_row * width - column,
                                    copy_of_a_);
    for (std::int64_t i = 0; i < rows * width; ++i) totals[i] = 0;
    for (std::int64_t step = 0; step < p_.k; step += p_.inner_block) {
      block_of_c.block(part, step, smaller(step + p_.inner_block, p_.k));
      for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < columns; ++j) totals[i * width + j] += values[i * width + j];
    }
    T* c = c_ + part.first_row * p_.c_row + column * p_.c_column;
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j)
        c[i * p_.c_row + j * p_.c_column] = static_cast<T>(totals[i * width + j]);
  }

  /// Rows and panels of C by a block of the inner axis. Inline, as short products are mostly this.
  __attribute__((always_inline)) inline void block(const ProductPart& part, std::int64_t step,
                                                   std::int64_t last_step) const {
    const Rows rows(part.first_row, part.last_row, most_rows<Lanes>);
    if (p_.copies_a) copy_a(rows, step, last_step);
    const auto steps = last_step - step;
    const auto together = p_.m == 1         ? panels_together<Lanes>(1, row_chains)
                          : rows.tiles == 1 ? panels_together<Lanes>(static_cast<int>(rows.height(0)))
                                            : 1;
    // B's copies are made for the first rows and stay for the others.
    const bool is_first = part.first_row == part_.first_row,
               stay = part_.last_row - part_.first_row > p_.row_block;
    Tile<T> tile;
    tile.steps = steps;
    tile.c_row = p_.c_row;
    tile.c_column = p_.c_column;
    tile.adds = step > 0 && !p_.is_long;
    for (auto panel = part.first_panel; panel < part.last_panel;) {
      const auto whole = smaller(p_.n / panel_width, part.last_panel) - panel;
      const auto panels = panels_at(panel, part.last_panel, together);
      const auto column = panel * panel_width;
      tile.columns = smaller(panels * panel_width, p_.n - column);
      if (p_.packed) {
        tile.b = b_ + panel * panel_width * p_.k + step * panel_width;
        tile.b_inner = panel_width;
        tile.b_panel = panel_width * p_.k;
      } else if (p_.copies_b || whole < 1) {
        T* copy = copy_of_b_ + (stay ? panel - part.first_panel : 0) * panel_width * p_.inner_block;
        if (is_first || !stay) copy_b(column, tile.columns, step, last_step, copy);
        tile.b = copy;
        tile.b_inner = panel_width;
        tile.b_panel = panel_width * p_.inner_block;
      } else {
        tile.b = b_ + step * p_.b_inner + column;
        tile.b_inner = p_.b_inner;
        tile.b_panel = panel_width;
      }
      multiply(tile, rows, column, step);
      panel += panels;
    }
  }

  /// A column of tiles.
  void multiply(Tile<T>& tile, const Rows& rows, std::int64_t column, std::int64_t step) const {
    const auto width = tile.columns;
    for (std::int64_t i = 0; i < rows.tiles; ++i) {
      const auto height = rows.height(i), begin = rows.begin(i);
      if (p_.copies_a) {
        tile.a = copy_of_a_ + begin * tile.steps;
        tile.a_row = 1;
        tile.a_inner = height;
      } else {
        tile.a = a_ + (rows.first + begin) * p_.a_row + step * p_.a_inner;
        tile.a_row = p_.a_row;
        tile.a_inner = p_.a_inner;
      }
      tile.c = c_ + (rows.first + begin) * p_.c_row + column * p_.c_column;
      // By the height of the whole product, as it is not to matter how it is divided.
      const auto& tiles = p_.m == 1 ? TileTable<Lanes>::of_one() : TileTable<Lanes>::of(height);
      kernel_of(tiles, width)(tile);
    }
  }

  /// Calls `f(steps done before, steps, their offset)` for each piece of a run in [step, last).
  template <class F>
  void for_each_piece(std::int64_t step, std::int64_t last, const std::int64_t* runs, std::int64_t stride,
                      const F& f) const {
    for (auto at = step; at < last;) {
      const auto run = runs ? at / p_.run : 0, within = at - run * p_.run;
      const auto steps = smaller(p_.run - within, last - at);
      f(at - step, steps, (runs ? runs[run] : 0) + within * stride);
      at += steps;
    }
  }

  void copy_a(const Rows& rows, std::int64_t step, std::int64_t last) const {
    for (std::int64_t i = 0; i < rows.tiles; ++i) {
      const auto height = rows.height(i), begin = rows.begin(i);
      const T* a = a_ + (rows.first + begin) * p_.a_row;
      T* copy = copy_of_a_ + begin * (last - step);
      for_each_piece(
          step, last, p_.a_runs, p_.a_inner, [&](std::int64_t done, std::int64_t steps, std::int64_t offset) {
            pack_rows<Lanes>(a + offset, p_.a_row, p_.a_inner, height, steps, copy + done * height);
          });
    }
  }

  void copy_b(std::int64_t column, std::int64_t columns, std::int64_t step, std::int64_t last,
              T* copy) const {
    for_each_piece(step, last, p_.b_runs, p_.b_inner,
                   [&](std::int64_t done, std::int64_t steps, std::int64_t offset) {
                     const Packing packing{
                         steps, p_.b_inner, p_.b_column, 0, columns, panel_width * p_.inner_block, true};
                     pack_columns<Lanes, panel_width>(packing, b_ + offset + column * p_.b_column,
                                                      copy + done * panel_width);
                   });
  }

  const Product& p_;
  const ProductPart& part_;
  const T *a_, *b_;
  T *c_, *copy_of_a_, *copy_of_b_;
};

template <class Lanes>
void multiply(const Product& product, const ProductPart& part, const void* a, const void* b, void* c,
              void* scratch) {
  using T = typename Lanes::Element;
  Multiplication<Lanes>(product, part, static_cast<const T*>(a), static_cast<const T*>(b), static_cast<T*>(c),
                        static_cast<T*>(scratch))
      .run();
}

template <class Lanes>
void pack(const Packing& packing, const void* b, void* packed) {
  using T = typename Lanes::Element;
  pack_columns<Lanes, panel_vectors * Lanes::count>(packing, static_cast<const T*>(b),
                                                    static_cast<T*>(packed));
}

template <class Lanes>
constexpr ProductKernels kernels() {
  return {multiply<Lanes>, pack<Lanes>, panel_vectors * Lanes::count, most_rows<Lanes>,
          // Two vectors of 32 bytes in each cycle are what most processors do.
          Lanes::count * (Lanes::count * sizeof(typename Lanes::Element) > 32 ? 1.5 : 2.0) * 3};
}

}  // namespace

extern const ProductKernels float_product = kernels<FloatLanes>();
extern const ProductKernels double_product = kernels<DoubleLanes>();

}  // namespace reel::cpu::REEL_VARIANT
