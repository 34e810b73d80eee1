#pragma once
#include "cpu/product_kernels.h"
#include "product_lanes.h"

/// Copies of operands in the order in which the tiles of the matrix product read them.
namespace {

/// [step][row] from rows of A. May write up to a vector more than that.
template <class Lanes, class T>
void pack_rows(const T* a, std::int64_t row, std::int64_t inner, std::int64_t rows, std::int64_t steps,
               T* packed) {
  if (row != 1) {
    for (std::int64_t p = 0; p < steps; ++p)
      for (std::int64_t i = 0; i < rows; ++i) packed[p * rows + i] = a[i * row + p * inner];
    return;
  }
  for (std::int64_t p = 0; p < steps; ++p)
    for (std::int64_t i = 0; i < rows; i += Lanes::count) {
      // Whole vectors are written, and what is too much by the next step again.
      const auto left = rows - i;
      const T* from = a + i + p * inner;
      Lanes::store(packed + p * rows + i,
                   left >= Lanes::count ? Lanes::load(from) : Lanes::load(from, static_cast<int>(left)));
    }
}

/// Panels of `width` columns of B, the last one filled up with its last column.
template <class Lanes, int width, class T>
void pack_columns(const reel::cpu::Packing& packing, const T* b, T* packed) {
  for (auto column = packing.first; column < packing.last;) {
    const auto panel = column / width, begin = column % width;
    const auto end = width < packing.last - panel * width ? width : packing.last - panel * width;
    const T* from = b + (column - packing.first) * packing.column;
    T* to = packed + panel * packing.panel;
    if (packing.column == 1 && begin == 0 && (end == width || packing.fill)) {
      for (std::int64_t p = 0; p < packing.steps; ++p)
        for (int j = 0; j < width; j += Lanes::count) {
          const auto left = end - j;
          const T* row = from + p * packing.inner + j;
          const auto last = [&] { return Lanes::broadcast(row[left - 1]); };
          Lanes::store(to + p * width + j, left >= Lanes::count ? Lanes::load(row)
                                           : left > 0 ? Lanes::load(row, static_cast<int>(left), last())
                                                      : last());
        }
    } else {
      for (std::int64_t p = 0; p < packing.steps; ++p) {
        for (auto j = begin; j < end; ++j)
          to[p * width + j] = from[(j - begin) * packing.column + p * packing.inner];
        if (packing.fill)
          for (auto j = end; j < width; ++j) to[p * width + j] = to[p * width + end - 1];
      }
    }
    column += end - begin;
  }
}

}  // namespace
