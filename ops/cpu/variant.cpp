#include "variant.h"

namespace reel::cpu {

const std::vector<Variant>& usable_variants() {
  static const std::vector<Variant> usable = [] {
    std::vector<Variant> found{Variant::baseline};
#if defined(REEL_HAS_AVX_VARIANTS)
    // These ask the operating system too.
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
      found.push_back(Variant::avx2);
      if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
          __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
          __builtin_cpu_supports("avx512vl"))
        found.push_back(Variant::avx512);
    }
#endif
    return found;
  }();
  return usable;
}

Variant best_variant() { return usable_variants().back(); }

std::string to_string(Variant variant) {
  return variant == Variant::avx512 ? "avx512" : variant == Variant::avx2 ? "avx2" : "baseline";
}

}  // namespace reel::cpu
