#include "run/cuda/fusion/lines_of_rows.h"

namespace reel::cuda {

LinesOfRows::LinesOfRows(FusionText& text) : text_(text) {
  const auto axes = text.axes(0);
  const auto& space = text.fusion().space;
  columns_ = axes.back().extent;
  rows_ = space.size() / columns_;
  size_ = text.elements_at_once(axes);
  last_strides_ = axes.back().strides;
  row_axes_ = collapsed(text.axes(1));
  text.write_index_type(axes);
  columns_word_ = text.word(columns_);
}

FusionText::Along LinesOfRows::along(std::size_t operand) {
  const auto row = "o" + std::to_string(operand);
  const auto stride = last_strides_[operand];
  if (stride == 0) return {true, row};
  if (stride == 1) return {false, row + " + Index(j)"};
  return {false, row + " + Index(j) * Index(" + text_.word(stride) + ")"};
}

}  // namespace reel::cuda
