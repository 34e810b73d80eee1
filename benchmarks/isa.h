#pragma once
#include <string>

namespace benchmarks {

/// Holds this program and those that it starts to an instruction set, "avx2" or "avx512": itself, Reel,
/// OpenBLAS, oneDNN, libxsmm, PyTorch and JAX. Libraries ask as they are loaded, so the program begins again,
/// with the same `arguments`, unless it has already. Throws std::invalid_argument for another name and
/// std::runtime_error for a set that this processor has not.
void hold_to_isa(const std::string& isa, char** arguments);

/// Whether there is, and may be used, this instruction set.
bool may_use_avx2();
bool may_use_avx512();

}  // namespace benchmarks
