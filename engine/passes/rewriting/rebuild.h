#pragma once
#include "passes/rewriting/emitter.h"
#include "passes/simplify/simplify.h"

namespace reel::passes {

/// Emits what `wanted` and the effects of `source` need, in the order of `source` as far as dependencies
/// allow. Where `replacement` names another node of `source`, that one stands in. `ids` holds the new ids of
/// nodes that are there already and -1 else; it gets those of all that are emitted. Nodes that `replacement`
/// has a place for are in their simplest form: they were emitted; those behind them have been appended since.
void rebuild(const Tape& source, const std::vector<NodeId>& wanted, const std::vector<NodeId>& replacement,
             Emitter& to, std::vector<NodeId>& ids);

/// Gives `to` the inputs of a body, in the same order; `ids` gets their ids.
void copy_inputs(const Body& from, Body& to, std::vector<NodeId>& ids);

/// The same as rebuild() for a step, or a tape with its outputs: with what a rule has put in place.
void emit_anew(WantedStep& step, const std::vector<NodeId>& replacement);
void emit_anew(Wanted& wanted, const std::vector<NodeId>& replacement);

}  // namespace reel::passes
