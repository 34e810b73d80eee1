#pragma once
#include "plan/planning.h"

namespace reel::plan {

/// The lines of a block and of the loops in it, one after the other.
std::vector<Line> flattened(Block block);

/// From the first to the last line that touches it, a buffer is in use; touched in a loop that it outlives,
/// through the whole loop. `read_at_end` are read after all lines; what is kept is in use always.
void find_lifetimes(std::vector<Buffer>& buffers, const std::vector<Line>& lines,
                    const std::vector<std::pair<Place, Address*>>& read_at_end);

/// Puts the buffers of a plan into its arena, what is kept into blocks of its own, and the lines into its
/// work, with their addresses. Throws MemoryError where no memory is large enough.
void set_addresses(Plan& plan, std::vector<Line> lines,
                   const std::vector<std::pair<Place, Address*>>& read_at_end);

}  // namespace reel::plan
