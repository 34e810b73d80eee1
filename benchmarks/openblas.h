#pragma once
#include "child.h"

namespace benchmarks {

/// OpenBLAS picks its kernels when it is loaded, by the processors its version knows; on newer ones it may
/// miss the best. Tries those it picks and those for AVX-512 in processes of their own, says what it found,
/// and returns the setting of the faster. Where OPENBLAS_CORETYPE is set it stays.
Environment fastest_kernels();
/// "0.3.21".
std::string openblas_version();

}  // namespace benchmarks
