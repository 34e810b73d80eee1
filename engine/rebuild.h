#pragma once
#include "emitter.h"

namespace reel {

/// Emits what `wanted` and the effects of `source` need, in the order of `source` as far as dependencies
/// allow. Where `replacement` names another node of `source`, that one stands in. `ids` holds the new ids of
/// nodes that are there already and -1 else; it gets those of all that are emitted.
void rebuild(const Tape& source, const std::vector<NodeId>& wanted, const std::vector<NodeId>& replacement,
             Emitter& to, std::vector<NodeId>& ids);

}  // namespace reel
