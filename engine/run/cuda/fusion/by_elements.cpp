#include <numeric>

#include "run/cuda/fusion/fusion_text.h"

namespace reel::cuda {

void write_by_elements(FusionText& text) {
  const auto& fusion = text.fusion();
  auto axes = collapsed(text.axes(0));
  const auto size = text.elements_at_once(axes);
  text.write_index_type(axes);
  std::vector<bool> is_constant(axes.strides.size(), false);
  if (size > 1) {
    axes.extents.back() /= size;
    for (std::size_t i = 0; i < axes.strides.size(); ++i) {
      is_constant[i] = axes.strides[i].back() == 0;
      axes.strides[i].back() *= size;
    }
  }
  const auto count = axes.count();
  text.launch({CudaKernel::blocks_for(count), 256, 0});
  text.open("for (Int64 at = thread_of_grid(); at < " + text.word(count) + "; at += threads_of_grid())");
  text.write_indices(axes.extents, "at");
  std::vector<int> wanted;
  for (const auto& output : fusion.outputs) wanted.push_back(output.value);
  std::vector<std::size_t> outputs(fusion.outputs.size());
  std::iota(outputs.begin(), outputs.end(), std::size_t{0});
  text.write_elements(size, wanted, outputs, [&](std::size_t operand) {
    return FusionText::Along{is_constant[operand], text.offset(axes.strides[operand])};
  });
  text.close();
}

}  // namespace reel::cuda
