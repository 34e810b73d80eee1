#pragma once
#include <vector>

#include "run/cpu/compiled/pass_code.h"

namespace reel::cpu {

/// The instructions of a pass that are needed, each behind those whose results it takes. A processor looks
/// for work within some tens of instructions: what does not wait for one another comes in turn.
std::vector<int> order_of(const PassCode& code, const std::vector<bool>& needed);

}  // namespace reel::cpu
