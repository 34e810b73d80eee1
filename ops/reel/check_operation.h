#pragma once
#include <reel/operation.h>

namespace reel {

/// Tests an operation on its own samples, in float64, and returns what is wrong: nothing where all is well.
/// The same checks the built-in operations must pass:
/// - the kernel gives the type that the rule promises, and the same bits twice;
/// - first and second derivatives agree with extrapolated central differences (an operation with a surrogate
/// derivative
///   says so by `exact_derivative`: then only that it is recorded and has the right types);
/// - all steps at once, by the time rule or the kind, are what the steps give one by one, values and
/// gradients;
/// - inside an unroll, values and gradients are those of the same steps Expanded.
std::vector<std::string> check_operation(const Operation& operation, bool exact_derivative = true);

/// Values for the operands of a sample, drawn from `seed`.
std::vector<Array> sample_values(const Sample& sample, std::uint64_t seed);

}  // namespace reel
