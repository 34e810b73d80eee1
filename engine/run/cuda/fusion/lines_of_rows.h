#pragma once
#include "run/cuda/fusion/fusion_text.h"

namespace reel::cuda {

/// The rows of a fusion: how its operands lie along them, and from one to the next.
class LinesOfRows {
 public:
  explicit LinesOfRows(FusionText& text);

  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  /// Elements side by side that a thread takes at once.
  std::int64_t size() const { return size_; }
  /// The word for the number of columns.
  const std::string& columns_word() const { return columns_word_; }

  /// Defines where each operand's row begins.
  void write_offsets() { text_.write_row_offsets(row_axes_); }
  /// Where an operand stands in column `j`.
  FusionText::Along along(std::size_t operand);

 private:
  FusionText& text_;
  std::int64_t rows_, columns_, size_;
  JointAxes row_axes_;
  std::vector<std::int64_t> last_strides_;
  std::string columns_word_;
};

}  // namespace reel::cuda
