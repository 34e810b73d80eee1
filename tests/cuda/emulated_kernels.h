#pragma once
#include "run/cuda/texts.h"

#include "launch.h"

/// Kernels compiled as C++: each once, however many programs have it, and kept from one run of the tests to
/// the next.
namespace reel::test {

/// To be compiled with the next ones.
void note_kernels(const cuda::Source& source);

/// Compiles what is noted, and this. Throws Error with what the compiler says.
void compile_kernels(const cuda::Source& source);

/// Throws Error where it has not been compiled.
device::EmulatedKernel compiled_kernel(const std::string& name);

}  // namespace reel::test
