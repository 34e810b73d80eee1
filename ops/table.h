#pragma once
#include <reel/operation.h>

/// The operations that are no maps, each defined in the file of its name; operations() joins them all. Those
/// the engine knows are declared in <reel/structural.h>.
namespace reel {

std::vector<const Operation*> map_table();
std::vector<const Operation*> reduction_table();

#define REEL_OPERATIONS(entry)                                                                              \
  entry(iota) entry(cumsum) entry(linear_scan) entry(argmax) entry(argmin) entry(gather) entry(scatter_add) \
      entry(take_along_axis) entry(scatter_add_along_axis) entry(uniform) entry(print)

#define REEL_DECLARE(name) const Operation& name##_operation();
REEL_OPERATIONS(REEL_DECLARE)
#undef REEL_DECLARE

}  // namespace reel
