#include "openblas.h"

#include <cblas.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "isa.h"

namespace benchmarks {

Environment fastest_kernels() {
  constexpr const char* variable = "OPENBLAS_CORETYPE";
  // The best of a few tries: other programs may run beside this one.
  const auto speed = [](Environment settings) {
    settings["OPENBLAS_NUM_THREADS"] = "1";
    double best = 0;
    for (int i = 0; i < 3; ++i)
      best = std::max(best, std::stod(output_of({own_path(), "--probe"}, settings, 60)));
    return best;
  };
  if (const char* set = std::getenv(variable)) {
    std::printf("OpenBLAS has the kernels of %s, as %s says: %.0f GFLOP/s on (16,64) x (64,256).\n", set,
                variable, speed({}));
    return {};
  }
  if (may_use_avx512()) {
    const Environment wide{{variable, "SkylakeX"}};
    const double chosen = speed({}), forced = speed(wide);
    const bool better = forced > 1.05 * chosen;
    std::printf(
        "OpenBLAS with the kernels it picks: %.0f GFLOP/s on (16,64) x (64,256); with those of SkylakeX: "
        "%.0f."
        " hand-written has %s.\n",
        chosen, forced, better ? "SkylakeX's" : "those it picks");
    return better ? wide : Environment{};
  }
  std::printf("OpenBLAS has the kernels it picks: %.0f GFLOP/s on (16,64) x (64,256).\n", speed({}));
  return {};
}

std::string openblas_version() {
  std::istringstream words(openblas_get_config());  // "OpenBLAS 0.3.21 DYNAMIC_ARCH ..."
  std::string name, version;
  words >> name >> version;
  return version;
}

}  // namespace benchmarks
