#pragma once
#include <reel/model.h>

namespace reel {

/// Throws Error for a rate that is negative or not finite, which `function` was given.
void check_learning_rate(const char* function, double rate);

/// The learning rates of the optimiser that remembers under `memory`: its own, and those of its groups.
std::vector<Parameter> learning_rates(const Scope& memory);

}  // namespace reel
