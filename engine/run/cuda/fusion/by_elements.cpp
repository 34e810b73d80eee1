#include <numeric>

#include "run/cuda/fusion/fusion_text.h"

namespace reel::cuda {

void write_by_elements(FusionText& text) {
  const auto& fusion = text.fusion();
  auto axes = collapsed(text.axes(0));
  const auto size = text.elements_at_once(axes);
  text.write_index_type(axes);
  std::vector<bool> is_constant(text.input_count() + fusion.outputs.size(), false);
  if (size > 1) {
    auto& [extent, strides] = axes.back();
    extent /= size;
    for (std::size_t i = 0; i < strides.size(); ++i) {
      is_constant[i] = strides[i] == 0;
      strides[i] *= size;
    }
  }
  const auto count = count_of(axes);
  text.launch({CudaKernel::blocks_for(count), 256, 0});
  text.open("for (Int64 at = thread_of_grid(); at < " + text.word(count) + "; at += threads_of_grid())");
  text.write_indices(axes, "at");
  std::vector<int> wanted;
  for (const auto& output : fusion.outputs) wanted.push_back(output.value);
  std::vector<std::size_t> outputs(fusion.outputs.size());
  std::iota(outputs.begin(), outputs.end(), std::size_t{0});
  text.write_elements(size, wanted, outputs, [&](std::size_t operand) {
    return FusionText::Along{is_constant[operand], text.offset(axes, operand)};
  });
  text.close();
}

}  // namespace reel::cuda
