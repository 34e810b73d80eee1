#pragma once
#include <reel/cpu_kernel.h>

#include "axis_groups.h"
#include "variant.h"

/// The loops that are compiled once for each instruction set. Each function returns null where there is none.
namespace reel::cpu {

/// Makes the units `first` to `last` of a reduction.
using ReductionLoop = void (*)(const AxisGroups&, const void* input, void* output, std::int64_t first,
                               std::int64_t last);

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
};

const Loops& loops(Variant variant = best_variant());

}  // namespace reel::cpu
