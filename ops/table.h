#pragma once
#include <reel/operation.h>

/// The operations that are no maps, each defined in the file of its name; operations() joins them all.
namespace reel {

std::vector<const Operation*> map_table();

const Operation& iota_operation();
const Operation& prod_operation();
const Operation& cumsum_operation();
const Operation& linear_scan_operation();
const Operation& min_operation();
const Operation& argmax_operation();
const Operation& argmin_operation();
const Operation& max_operation();
const Operation& gather_operation();
const Operation& scatter_add_operation();
const Operation& take_along_axis_operation();
const Operation& scatter_add_along_axis_operation();
const Operation& uniform_operation();
const Operation& print_operation();

}  // namespace reel
