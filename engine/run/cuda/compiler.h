#pragma once
#include <string>

#include "run/cuda/texts.h"

namespace reel::cuda {

/// Kernels as machine code for an architecture, "sm_90": NVIDIA's run-time compiler, opened when it is first
/// wanted, makes it; no device is needed. Throws Error where there is no such library, or a kernel is none.
std::string compile(const Source& source, const std::string& architecture);

/// The same as PTX, the text that machine code is made of.
std::string compile_to_ptx(const Source& source, const std::string& architecture);

/// "13.0", of the compiler. Throws Error where there is none.
std::string compiler_version();

}  // namespace reel::cuda
