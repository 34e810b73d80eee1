#pragma once
#include <cstddef>
#include <cstdint>

#include "variants/each.h"

/// What the kernels of the matrix product in variants/ are told, and what they offer. No constructors and no
/// inline functions: files of all variants include this.
namespace reel::cpu {

/// C[m, n] = sum over k of A[m, k] B[k, n], and how to go about it. Strides count elements.
///
/// The inner axis is a row of runs, each evenly spaced: step p stands in run p / run, at p % run times
/// `a_inner` and `b_inner` behind the start of the run, which `a_runs` and `b_runs` give. Where there is one
/// run they are null.
///
/// Packed, B lies in panels of some columns each: [panel][k][column of the panel], the last panel filled up
/// with its last column: zeros times infinity would raise an exception where no element does. Every element
/// of C is a chain of multiply-adds within each block of the inner axis and the sum of these, in order, so it
/// does not depend on how rows and columns are divided.
struct Product {
  std::int64_t m, n, k;
  std::int64_t a_row, a_inner, b_inner, b_column, c_row, c_column;
  std::int64_t run;
  const std::int64_t *a_runs, *b_runs;
  /// Blocks: of the inner axis (from k alone); of rows, for which a block of A is in cache; of panels, for
  /// which a block of B is.
  std::int64_t inner_block, row_block, panel_block;
  /// Whether the blocks of the inner axis are added up in double: very many floats.
  bool is_long;
  /// B is given packed.
  bool packed;
  /// Whether blocks of A and B are copied before they are used. B is where it is used more than once or its
  /// columns are no neighbours.
  bool copies_a, copies_b;
  /// Elements of the thread's scratch memory for the block of A; that of B stands behind it, and behind that,
  /// where it is long, the block of C and the totals of it.
  std::int64_t a_elements, b_elements;
};

/// The rows and panels of C that one call works on.
struct ProductPart {
  std::int64_t first_row, last_row, first_panel, last_panel;
};

/// The columns [first, last) of B and a stretch of its inner axis, to be packed. `packed` points to where the
/// first step of the stretch stands in panel 0.
struct Packing {
  std::int64_t steps, inner, column, first, last;
  /// Elements between panels.
  std::int64_t panel;
  /// Whether `last` is the end: what is missing to a full panel repeats the last column.
  bool fill;
};

/// The kernels of one variant for one element type.
struct ProductKernels {
  void (*multiply)(const Product& product, const ProductPart& part, const void* a, const void* b, void* c,
                   void* scratch);
  void (*pack)(const Packing& packing, const void* b, void* packed);
  /// Columns of a panel, and the most rows that are worked on together.
  std::int64_t panel, rows;
  /// Multiply-adds in a nanosecond, about.
  double speed;
};

#define REEL_DECLARE_PRODUCT(variant)                        \
  namespace variant {                                        \
  extern const ProductKernels float_product, double_product; \
  }
REEL_EACH_VARIANT(REEL_DECLARE_PRODUCT)
#undef REEL_DECLARE_PRODUCT

}  // namespace reel::cpu
