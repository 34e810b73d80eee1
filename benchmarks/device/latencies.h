#pragma once
#include <string>
#include <vector>

#include "../row.h"

namespace benchmarks {

/// What bounds a step of a recurrent layer on a CUDA device, "cuda" or "cuda:1": rows of `what` and `us`.
/// None for the processor.
std::vector<Row> latencies(const std::string& device);

}  // namespace benchmarks
