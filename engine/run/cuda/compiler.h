#pragma once
#include <string>

#include "run/cuda/texts.h"

namespace reel::cuda {

/// Kernels as the compiler gives them.
struct Compiled {
  std::string machine_code;
  std::string ptx;  // the text that machine code is made of
  /// Of each kernel its registers, its memory, and what of its registers did not fit.
  std::string messages;
};

/// Kernels for an architecture, "sm_90": NVIDIA's run-time compiler, opened when it is first wanted, makes
/// them; no device is needed. Throws Error where there is no such library, or a kernel is none.
Compiled compile(const Source& source, const std::string& architecture);

/// "13.0", of the compiler. Throws Error where there is none.
std::string compiler_version();

}  // namespace reel::cuda
