#include "run/cpu/cluster/column_totals.h"

#include <cstring>

namespace reel::cpu {

namespace {

/// The totals of blocks first to last - 1, joined in `levels`, of which each has room for one block.
void join_blocks(const ColumnLoops& loops, const std::byte* blocks, std::int64_t first, std::int64_t last,
                 std::int64_t columns, std::byte* levels) {
  const auto bytes = columns * loops.total_bytes;
  if (last - first == 1) {
    std::memcpy(levels, blocks + first * bytes, static_cast<std::size_t>(bytes));
    return;
  }
  const auto half = (first + last) / 2;
  join_blocks(loops, blocks, first, half, columns, levels);
  join_blocks(loops, blocks, half, last, columns, levels + bytes);
  loops.join(levels, levels + bytes, columns);
}

}  // namespace

std::int64_t block_count(std::int64_t rows) { return (rows + rows_of_block - 1) / rows_of_block; }

CpuKernel finish_columns(const ColumnLoops& loops, std::int64_t blocks, std::int64_t columns) {
  std::int64_t levels = 1;
  for (std::int64_t joined = 1; joined < blocks; joined *= 2) ++levels;
  CpuKernel kernel;
  kernel.run = [loops, blocks, columns](const CpuCall& call) {
    auto* scratch = static_cast<std::byte*>(call.scratch);
    join_blocks(loops, static_cast<const std::byte*>(call.inputs[0]), 0, blocks, columns, scratch);
    loops.finish(scratch, call.output, columns);
  };
  kernel.scratch_bytes = static_cast<std::size_t>(levels * columns * loops.total_bytes);
  kernel.nanoseconds = 20 + 0.1 * static_cast<double>(blocks * columns);
  return kernel;
}

}  // namespace reel::cpu
