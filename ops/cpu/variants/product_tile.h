#pragma once
#include "product_lanes.h"

/// The innermost loops of the matrix product: a tile of C, some rows by some vectors, kept in registers.
namespace {

/// Vectors of a panel.
constexpr int panel_vectors = 2;

template <class T>
struct Tile {
  const T *a, *b;
  T* c;
  std::int64_t steps;
  std::int64_t a_row, a_inner, b_inner, b_panel, c_row, c_column;
  /// Columns of C; those of B are all there.
  std::int64_t columns;
  /// Whether the result is added to C.
  bool adds;
};

/// Writes a tile, given as rows of `width` elements, of which C has not all or not side by side.
template <class Lanes, class T>
void write_edge(const Tile<T>& tile, const T* values, int rows, int width) {
  for (int i = 0; i < rows; ++i) {
    T* c = tile.c + i * tile.c_row;
    const T* row = values + i * width;
    if (tile.c_column != 1) {
      for (std::int64_t j = 0; j < tile.columns; ++j)
        c[j * tile.c_column] = tile.adds ? c[j * tile.c_column] + row[j] : row[j];
      continue;
    }
    for (std::int64_t j = 0; j < tile.columns; j += Lanes::count) {
      const auto left = tile.columns - j;
      const int lanes = left < Lanes::count ? static_cast<int>(left) : Lanes::count;
      auto value = Lanes::load(row + j);
      if (tile.adds) value = Lanes::add(Lanes::load(c + j, lanes), value);
      Lanes::store(c + j, value, lanes);
    }
  }
}

/// Writes a tile, with `is_partial` only the first `last` lanes of the last vector of a row. Inlined, so that
/// the sums stay in registers.
template <class Lanes, int rows, int width, bool is_partial>
__attribute__((always_inline)) inline void write_tile(const Tile<typename Lanes::Element>& tile,
                                                      typename Lanes::Vector (*sums)[width], int last) {
  auto* c = tile.c;
  if (tile.adds)
#pragma GCC unroll 32
    for (int i = 0; i < rows; ++i)
#pragma GCC unroll 8
      for (int j = 0; j < width; ++j) {
        const auto* old = c + i * tile.c_row + j * Lanes::count;
        sums[i][j] =
            Lanes::add(is_partial && j + 1 == width ? Lanes::load(old, last) : Lanes::load(old), sums[i][j]);
      }
#pragma GCC unroll 32
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < width; ++j) {
      auto* element = c + i * tile.c_row + j * Lanes::count;
      if (is_partial && j + 1 == width)
        Lanes::store(element, sums[i][j], last);
      else
        Lanes::store(element, sums[i][j]);
    }
}

/// `rows` by `vectors` vectors of each of `panels` panels. Every element is added up in `chains` sums, each
/// of every so manyth step, so that an addition need not wait for the one before.
template <class Lanes, int rows, int vectors, int panels, int chains = 1>
void multiply_tile(const Tile<typename Lanes::Element>& tile) {
  using T = typename Lanes::Element;
  using Vector = typename Lanes::Vector;
  constexpr int width = vectors * panels, count = Lanes::count;
  static_assert(chains == 1 || rows == 1, "there are enough sums");
  constexpr int height = rows * chains;
  Vector sums[height][width];
#pragma GCC unroll 32
  for (int i = 0; i < height; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < width; ++j) sums[i][j] = Lanes::zero();
  const T *a = tile.a, *b = tile.b;
  const auto a_row = tile.a_row, a_inner = tile.a_inner, b_inner = tile.b_inner, b_panel = tile.b_panel;
  const auto add_step = [&](int chain) __attribute__((always_inline)) {
    Vector right[width];
#pragma GCC unroll 8
    for (int j = 0; j < width; ++j) right[j] = Lanes::load(b + j / vectors * b_panel + j % vectors * count);
#pragma GCC unroll 32
    for (int i = 0; i < rows; ++i) {
      const Vector left = Lanes::broadcast(a[i * a_row]);
#pragma GCC unroll 8
      for (int j = 0; j < width; ++j)
        sums[chain + i][j] = Lanes::multiply_add(left, right[j], sums[chain + i][j]);
    }
    a += a_inner;
    b += b_inner;
  };
  auto step = tile.steps;
  for (; step >= chains; step -= chains)
#pragma GCC unroll 8
    for (int chain = 0; chain < chains; ++chain) add_step(chain);
  for (; step > 0; --step) add_step(0);
#pragma GCC unroll 8
  for (int chain = 1; chain < chains; ++chain)
#pragma GCC unroll 8
    for (int j = 0; j < width; ++j) sums[0][j] = Lanes::add(sums[0][j], sums[chain][j]);
  // Of the last vector, where the others are whole.
  const auto lanes = tile.columns - (width - 1) * count;
  if (tile.c_column == 1 && lanes == count) return write_tile<Lanes, rows, width, false>(tile, sums, count);
  if constexpr (Lanes::has_masks)
    if (tile.c_column == 1 && lanes > 0)
      return write_tile<Lanes, rows, width, true>(tile, sums, static_cast<int>(lanes));
  alignas(64) T values[rows * width * count];
#pragma GCC unroll 32
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < width; ++j) Lanes::store(values + (i * width + j) * count, sums[i][j]);
  write_edge<Lanes>(tile, values, rows, width * count);
}

template <class T>
using MultiplyTile = void (*)(const Tile<T>&);

/// Most rows of a tile one panel wide. There must be registers for the sums, the vectors of B and one element
/// of A. 14 would fit into 32 of them, but on Zen 4 that was up to 18 % slower, most where the rows of A
/// stand 4 KB apart or more.
template <class Lanes>
constexpr int most_rows = Lanes::registers >= 32 ? 8 : 6;

/// A single row is added up in so many chains.
constexpr int row_chains = 2;

/// How many panels a tile of few rows takes together, so that there are enough sums to keep the arithmetic
/// units busy: 1, 2 or 4.
template <class Lanes>
constexpr int panels_together(int rows, int chains = 1) {
  for (int panels = 4; panels > 1; panels /= 2) {
    const int width = panels * panel_vectors;
    if (rows * chains * width + (rows > 1 ? width : 0) + 1 <= Lanes::registers) return panels;
  }
  return 1;
}

/// The tiles of a number of rows: one vector, one panel, two panels and four.
template <class T>
struct Tiles {
  MultiplyTile<T> vector, panel, two, four;
};

template <class Lanes, int rows, int chains = 1>
constexpr Tiles<typename Lanes::Element> tiles_of() {
  static_assert(panel_vectors == 2, "a last panel is one vector or two");
  constexpr int together = panels_together<Lanes>(rows, chains);
  // None is asked for beyond `together`; naming those that exist keeps the others from being compiled.
  constexpr int two = together >= 2 ? 2 : 1, four = together >= 4 ? 4 : 1;
  return {multiply_tile<Lanes, rows, 1, 1, chains>, multiply_tile<Lanes, rows, panel_vectors, 1, chains>,
          multiply_tile<Lanes, rows, panel_vectors, two, chains>,
          multiply_tile<Lanes, rows, panel_vectors, four, chains>};
}

}  // namespace
