#include "run/cpu/compiled/compiled_pass.h"

namespace reel::cpu {

void CompiledPass::run(Call& call, std::int64_t rows, std::int64_t columns) const {
  // A window into it is a mask of the first lanes.
  static constexpr std::uint32_t lanes[16] = {~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u};
  call.rows = rows;
  call.columns = columns;
  call.rest = columns & (lanes_ - 1);
  call.whole_bytes = (columns - call.rest) * element_bytes_;
  call.rest_mask = (std::uint64_t{1} << call.rest) - 1;
  call.rest_lanes = reinterpret_cast<const std::byte*>(lanes) + 32 - call.rest * element_bytes_;
  code_(&call);
}

}  // namespace reel::cpu
