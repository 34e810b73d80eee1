#include "run/cuda/fusion/fusion_kernel.h"

#include <algorithm>

#include "run/cuda/fusion/fusion_text.h"

namespace reel::cuda {

namespace {

/// Of 8 bytes that a kernel takes: 4 KB is what every driver passes on.
constexpr std::size_t most_words = 512;

FusionKernel made(FusionText text) {
  if (text.has_row_values())
    write_by_rows(text);
  else if (!text.members_of(plan::Member::Kind::columns).empty())
    write_by_columns(text);
  else
    write_by_elements(text);
  return text.take();
}

}  // namespace

std::int64_t rows_of_block(std::int64_t rows) {
  constexpr std::int64_t least = 16, most_blocks = 256;
  return std::max(least, (rows + most_blocks - 1) / most_blocks);
}
std::int64_t block_count(std::int64_t rows) { return (rows + rows_of_block(rows) - 1) / rows_of_block(rows); }

FusionKernel make_fusion_kernel(const plan::Fusion& fusion, const std::vector<const plan::Address*>& operands,
                                std::size_t input_count) {
  auto kernel = made(FusionText(fusion, operands, input_count));
  if (operands.size() + kernel.numbers.size() <= most_words) return kernel;
  return made(FusionText(fusion, operands, input_count, FusionText::Numbers::literals));
}

FusionKernel make_copy_kernel(const plan::Address& from, const plan::Address& to) {
  const plan::Fusion nothing{from.layout.type.shape, {}, {{0}}};
  return make_fusion_kernel(nothing, {&from, &to}, 1);
}

}  // namespace reel::cuda
