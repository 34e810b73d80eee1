#pragma once
#include "plan/plan.h"
#include "run/cuda/driver.h"

namespace reel::cuda {

/// Rows of which a fusion makes one total of each column, and how many such blocks there are: they follow
/// from the number of rows alone.
std::int64_t rows_of_block(std::int64_t rows);
std::int64_t block_count(std::int64_t rows);

/// A kernel and how it is launched: it takes pointers to operands, then the numbers.
struct FusionKernel {
  std::vector<CudaText> texts;
  std::string body;
  std::vector<std::int64_t> numbers;
  Geometry geometry;
};

/// The text of a fusion, which depends on its operations and types, and on how its operands lie, but for
/// extents and strides: those are numbers. `operands` are those of the work, inputs, outputs and totals.
FusionKernel make_fusion_kernel(const plan::Fusion& fusion, const std::vector<const plan::Address*>& operands,
                                std::size_t input_count);

/// The same of a copy from one layout to another.
FusionKernel make_copy_kernel(const plan::Address& from, const plan::Address& to);

}  // namespace reel::cuda
