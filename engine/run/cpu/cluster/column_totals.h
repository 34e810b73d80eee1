#pragma once
#include <reel/cpu_kernel.h>

namespace reel::cpu {

/// Rows whose totals are made together: the blocks follow from the shape alone, so the result does not depend
/// on who makes them.
constexpr std::int64_t rows_of_block = 64;

/// How many blocks so many rows make.
std::int64_t block_count(std::int64_t rows);

/// From the totals of all blocks, one after the other, the result: blocks are joined in pairs, so that no
/// number is rounded often.
CpuKernel finish_columns(const ColumnLoops& loops, std::int64_t blocks, std::int64_t columns);

}  // namespace reel::cpu
