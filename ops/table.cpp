#include "table.h"

#include <reel/ops.h>

namespace reel {

const std::vector<const Operation*>& operations() {
  static const std::vector<const Operation*> table = [] {
    auto all = map_table();
    for (const auto* reduction : reduction_table()) all.push_back(reduction);
    // The structural ones but the maps and reductions among them.
    for (const auto* operation :
         {&argument_operation(), &parameter_operation(), &constant_operation(),  &fill_operation(),
          &reshape_operation(),  &permute_operation(),   &slice_operation(),     &pad_operation(),
          &flip_operation(),     &concat_operation(),    &broadcast_operation(), &shift_operation(),
          &select_operation(),   &cast_operation(),      &matmul_operation(),    &unroll_operation(),
          &stacked_operation(),  &summed_operation(),    &final_operation(),     &update_operation()})
      all.push_back(operation);
#define REEL_ENTRY(name) all.push_back(&name##_operation());
    REEL_OPERATIONS(REEL_ENTRY)
#undef REEL_ENTRY
    return all;
  }();
  return table;
}

}  // namespace reel
