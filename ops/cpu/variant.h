#pragma once
#include <string>
#include <vector>

namespace reel::cpu {

/// An instruction set that the kernels in variants/ are compiled for; a program picks one when it starts.
/// Those files are compiled once for each, with REEL_VARIANT its name.
enum class Variant { baseline, avx2, avx512 };

/// Those this processor and its operating system can run, the best one last; where the environment has
/// REEL_ISA, "avx2" for one, none beyond it. Throws Error where that names none of them.
const std::vector<Variant>& usable_variants();
/// The best of them.
Variant best_variant();

std::string to_string(Variant variant);

}  // namespace reel::cpu
