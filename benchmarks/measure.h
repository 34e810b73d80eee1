#pragma once
#include "row.h"
#include "timing.h"
#include "workload.h"

namespace benchmarks {

/// Measures in this process, which should have done nothing before: the memory it took counts, and OpenBLAS
/// must have been loaded for one thread.
Row measure(const Workload& workload, const std::string& implementation, int threads,
            const Protocol& protocol);

}  // namespace benchmarks
