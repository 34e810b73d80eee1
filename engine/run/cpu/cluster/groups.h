#pragma once
#include <vector>

#include "run/cpu/cluster/cluster.h"

namespace reel::cpu {

/// Steps of a cluster that are done together: one by its loop, or several that are compiled into one pass.
struct Group {
  std::vector<int> steps;
  bool is_compiled = false;
};

/// An order of groups, each behind those whose results it takes. What has instructions is compiled, with as
/// much else as can be; masks are in no memory between passes, so that what makes one for others is left to
/// its loop. `per_row` tells it of each value, `is_output` of each step.
std::vector<Group> groups_of(const std::vector<Cluster::Member>& steps, std::size_t input_count,
                             const std::vector<bool>& per_row, const std::vector<bool>& is_output);

}  // namespace reel::cpu
