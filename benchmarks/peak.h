#pragma once

namespace benchmarks {

/// What one core of this processor does at most, in GFLOP/s of float32: multiply-adds that do not wait for
/// one another, in the widest vectors that may be used. A multiply-add counts as two.
double peak_gflops();

}  // namespace benchmarks
