#include "table.h"

#include <reel/ops.h>

namespace reel {

const std::vector<const Operation*>& operations() {
  static const std::vector<const Operation*> table = [] {
    auto all = map_table();
    for (const auto* operation : {&argument_operation(),
                                  &parameter_operation(),
                                  &constant_operation(),
                                  &fill_operation(),
                                  &iota_operation(),
                                  &reshape_operation(),
                                  &permute_operation(),
                                  &slice_operation(),
                                  &pad_operation(),
                                  &flip_operation(),
                                  &concat_operation(),
                                  &broadcast_operation(),
                                  &sum_operation(),
                                  &max_operation(),
                                  &min_operation(),
                                  &argmax_operation(),
                                  &argmin_operation(),
                                  &prod_operation(),
                                  &cumsum_operation(),
                                  &linear_scan_operation(),
                                  &select_operation(),
                                  &cast_operation(),
                                  &matmul_operation(),
                                  &gather_operation(),
                                  &scatter_add_operation(),
                                  &take_along_axis_operation(),
                                  &scatter_add_along_axis_operation(),
                                  &uniform_operation(),
                                  &unroll_operation(),
                                  &stacked_operation(),
                                  &summed_operation(),
                                  &final_operation(),
                                  &update_operation(),
                                  &print_operation()})
      all.push_back(operation);
    return all;
  }();
  return table;
}

}  // namespace reel
