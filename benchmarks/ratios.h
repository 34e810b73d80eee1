#pragma once
#include <vector>

#include "row.h"

namespace benchmarks {

/// What is asked of Reel, as measured: how implementations compare, each at its best number of threads,
/// beside what must and what should come out. What was not measured is left out.
void print_ratios(const std::vector<Row>& rows);

}  // namespace benchmarks
