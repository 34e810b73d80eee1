#include "variant.h"

#include <reel/error.h>

#include <algorithm>
#include <cstdlib>

namespace reel::cpu {

namespace {

std::vector<Variant> variants_of_processor() {
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
}

std::string names_of(const std::vector<Variant>& variants) {
  std::string names;
  for (auto variant : variants) names += (names.empty() ? "" : ", ") + to_string(variant);
  return names;
}

/// All up to the one that REEL_ISA names.
std::vector<Variant> allowed(std::vector<Variant> found) {
  const char* most = std::getenv("REEL_ISA");
  if (!most || !*most) return found;
  const auto named =
      std::find_if(found.begin(), found.end(), [&](Variant v) { return to_string(v) == most; });
  if (named == found.end())
    throw Error("[Device] REEL_ISA is '" + std::string(most) + "', and this processor has " +
                names_of(found));
  found.erase(named + 1, found.end());
  return found;
}

}  // namespace

const std::vector<Variant>& usable_variants() {
  static const std::vector<Variant> usable = allowed(variants_of_processor());
  return usable;
}

Variant best_variant() { return usable_variants().back(); }

std::string to_string(Variant variant) {
  return variant == Variant::avx512 ? "avx512" : variant == Variant::avx2 ? "avx2" : "baseline";
}

}  // namespace reel::cpu
