#include "isa.h"

#include <unistd.h>

#include <cstdlib>
#include <map>
#include <stdexcept>

namespace benchmarks {

namespace {

/// What Reel reads (README).
constexpr const char* variable = "REEL_ISA";

bool is_held_below(const std::string& isa) {
  const char* held = std::getenv(variable);
  return held && *held &&
         (held == std::string("baseline") || (held == std::string("avx2") && isa == "avx512"));
}

std::map<std::string, std::string> settings_of(const std::string& isa) {
  if (isa == "avx2")
    return {{variable, isa},
            {"OPENBLAS_CORETYPE", "Haswell"},
            {"ONEDNN_MAX_CPU_ISA", "AVX2"},
            {"DNNL_MAX_CPU_ISA", "AVX2"},
            {"LIBXSMM_TARGET", "hsw"},
            {"ATEN_CPU_CAPABILITY", "avx2"},
            {"MKL_ENABLE_INSTRUCTIONS", "AVX2"},
            {"XLA_FLAGS", "--xla_cpu_max_isa=AVX2"}};
  if (isa == "avx512") return {{variable, isa}};
  throw std::invalid_argument("--isa is avx2 or avx512, not '" + isa + "'");
}

}  // namespace

#if defined(__x86_64__)
bool may_use_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && !is_held_below("avx2");
}
bool may_use_avx512() {
  return may_use_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl") && !is_held_below("avx512");
}
#else
bool may_use_avx2() { return false; }
bool may_use_avx512() { return false; }
#endif

void hold_to_isa(const std::string& isa, char** arguments) {
  const auto settings = settings_of(isa);
  if (const char* held = std::getenv(variable); held && held == isa) return;
  for (const auto& [name, value] : settings) setenv(name.c_str(), value.c_str(), 1);
  if (!(isa == "avx2" ? may_use_avx2() : may_use_avx512()))
    throw std::runtime_error("this processor has no " + isa);
  execv("/proc/self/exe", arguments);
  throw std::runtime_error("cannot begin again");
}

}  // namespace benchmarks
