#pragma once
#include <reel/program.h>

#include "simplify.h"

namespace reel {

/// The tape as it is to be run: each pass that `options` do not leave out, one after the other.
Wanted improve(const Tape& tape, const std::vector<NodeId>& outputs, const CompileOptions& options);

}  // namespace reel
