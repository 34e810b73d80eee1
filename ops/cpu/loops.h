#pragma once
#include <reel/cpu_kernel.h>

#include "axis_groups.h"
#include "variant.h"

/// The loops that are compiled once for each instruction set. Each function returns null where there is none.
namespace reel::cpu {

/// Makes the units `first` to `last` of a reduction.
using ReductionLoop = void (*)(const AxisGroups&, const void* input, void* output, std::int64_t first,
                               std::int64_t last);

/// Columns of a linear recurrence at the same distances: where the first step of the first one finds its
/// operands and puts its result; `first` null where there is none.
struct ScanColumns {
  const void *a, *b, *first;
  void* y;
  std::int64_t count;
};
/// Distances from step to step and from column to column, in elements.
struct ScanStrides {
  std::int64_t a, b, first, y;
};
/// Columns that go through the steps together: at most most_columns, in so many rows.
struct Scan {
  static constexpr std::int64_t most_columns = 2048, most_rows = 64;
  std::int64_t steps;
  ScanStrides step, column;
  Span<const ScanColumns> rows;
};
using ScanLoop = void (*)(const Scan&);

struct Loops {
  /// The loop of one of Reel's own maps, by its name; its operands are of one type.
  MapLoop (*map)(const char* name, ElementType operand);
  /// That of select, by the type of its branches.
  MapLoop (*select)(ElementType);
  MapLoop (*cast)(ElementType from, ElementType to);
  /// The loop that adds floats to doubles.
  MapLoop (*add_floats)();
  RepeatLoop (*repeat)(ElementType);
  /// The loops of a reduction, by its name.
  ReductionLoop (*reduction)(const char* name, ElementType);
  RowLoop (*rows)(const char* name, ElementType);
  ColumnLoops (*columns)(const char* name, ElementType);
  /// That of a linear recurrence; see LinearScan.
  ScanLoop (*scan)(ElementType, bool after, bool of_adjoints);
};

const Loops& loops(Variant variant = best_variant());

}  // namespace reel::cpu
