#pragma once
#include <reel/passes.h>

#include "met_limits.h"
#include "passes/simplify/simplify.h"

namespace reel::passes {

/// The nodes of `outputs`. Throws RecordError, naming `operation`, where one is not on `tape`.
std::vector<NodeId> nodes_of(const std::string& operation, const Tape& tape, const Tensors& outputs);

/// A tape as it is to be run, and which limits were met on the way.
struct Improved : Wanted {
  limits::Met limits;
};

/// Each pass that `options` do not leave out, one after the other.
Improved improve(const Tape& tape, const std::vector<NodeId>& outputs, const CompileOptions& options);

/// Whether `options` take the pass of that name.
bool takes(const CompileOptions& options, const char* pass);

}  // namespace reel::passes
