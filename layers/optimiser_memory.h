#pragma once
#include <map>
#include <set>
#include <string>

#include <reel/optimisers.h>

namespace reel {

/// What an optimiser remembers of each parameter, by the parameter's name, and under "" of all together:
/// {"cell/W": {"mean", "variance"}, "": {"learning_rate", "steps"}}.
using OptimiserMemory = std::map<std::string, std::set<std::string>>;

/// What there is under `memory`.
OptimiserMemory remembered_under(const Scope& memory);

/// The part of it that the functions recorded on `tape` read or write.
OptimiserMemory asked_for_on(const Tape& tape, const Scope& memory);

/// Throws Error where an optimiser that asks for `asked` of these parameters found `found`: states of a
/// checkpoint that another optimiser wrote. A parameter of which nothing was found may be new to the loss.
void check_memory(const OptimiserMemory& found, const OptimiserMemory& asked,
                  const std::vector<ParameterGradient>& gradients, const Scope& memory);

}  // namespace reel
