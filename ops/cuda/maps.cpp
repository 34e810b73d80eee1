#include "kernels.h"

#include <reel/map.h>

namespace reel::cuda {

CudaKernels map_kernels(const char* type) {
  const std::string name = "maps::" + std::string(type);
  CudaKernels kernels;
  kernels.map = [name](const std::vector<ElementType>& operands, ElementType result) -> CudaFunctor {
    // A sum in double of floats, which no tape holds and the plan makes of what loops add up.
    for (auto operand : operands)
      if (operand != operands[0])
        return {{"functors.cuh", ""}, "device::Widened<" + name + ", " + cuda_name(result) + ">"};
    return {{"maps.h", ""}, name};
  };
  return kernels;
}

CudaKernels select_kernels() {
  CudaKernels kernels;
  kernels.map = [](const std::vector<ElementType>&, ElementType) -> CudaFunctor {
    return {{"functors.cuh", ""}, "device::Select"};
  };
  return kernels;
}

CudaKernels cast_kernels() {
  CudaKernels kernels;
  kernels.map = [](const std::vector<ElementType>&, ElementType result) -> CudaFunctor {
    return {{"functors.cuh", ""}, "device::Cast<" + cuda_name(result) + ">"};
  };
  return kernels;
}

}  // namespace reel::cuda

namespace reel::mapping {

/// In a namespace of its own, as two users' structs may have one name.
CudaKernels cuda_kernels(const MapText& map) {
  CudaKernels kernels;
  if (!map.text) return kernels;
  const auto space = "map_" + std::to_string(std::hash<std::string>()(map.text));
  const CudaFunctor functor{{space + ".h", "#pragma once\n#include <reel/map.h>\nnamespace reel::" + space +
                                               " {\n" + map.text + "\n}\n"},
                            space + "::" + map.name};
  kernels.map = [functor](const std::vector<ElementType>&, ElementType) { return functor; };
  return kernels;
}

}  // namespace reel::mapping
