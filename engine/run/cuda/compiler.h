#pragma once
#include <string>

#include "run/cuda/texts.h"

namespace reel::cuda {

/// Kernels as the compiler gives them.
struct Compiled {
  std::string machine_code;  // none for an architecture that is only one of PTX, "compute_90"
  std::string ptx;           // the text that machine code is made of
  /// Of each kernel its registers, its memory, and what of its registers did not fit.
  std::string messages;
};

/// Kernels for an architecture, "sm_90": NVIDIA's run-time compiler, opened when it is first wanted, makes
/// them; no device is needed. Throws Error where there is no such library, or a kernel is none.
Compiled compile(const Source& source, const std::string& architecture);

/// What to compile for where a device has this compute capability, 90: that, or for one that the compiler
/// does not know yet the newest before, as PTX, which the driver compiles further. Throws Error for one that
/// is too old.
std::string architecture_for(int capability);

/// "13.0", of the compiler. Throws Error where there is none.
std::string compiler_version();

}  // namespace reel::cuda
