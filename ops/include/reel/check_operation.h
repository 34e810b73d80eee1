#pragma once
/// @file
/// @ingroup own_operations
/// Tests for operations of one's own.
#include <reel/operation.h>

namespace REEL_PUBLIC reel {

/// Tests an operation on its own samples, and returns what is wrong, each time with what was tried and what
/// came of it: nothing where all is well. The same checks the built-in operations must pass:
/// - the kernel gives the type that the rule promises, and the same bits twice;
/// - it is of its kind: each element of a map is made of the operands' elements at its place alone; an index
///   map moves elements and computes nothing; a reduction takes away its `axes`, and each element of the
///   result is made of all that have its place on the others; in a scan, of those up to its own; a
///   contraction or a gather is linear in each floating operand;
/// - so is the declared algebra: identity, involution, units (infinities and NaN included), in what it is
///   linear;
/// - a map or a scan is so on axes longer than its samples' as well, as far as the type rule takes them;
/// - with operands that are broadcast, transposed, sliced or the same everywhere, and where slices or the sum
///   of the result are used, improved programs of both runners give what comes out AsRecorded;
/// - first and second derivatives agree with extrapolated central differences (an operation with a surrogate
///   derivative says so by `exact_derivative`: then only that it is recorded and has the right types);
/// - all steps at once, by the time rule or the kind, are what the steps give one by one, values and
///   gradients, and so is their sum;
/// - inside an unroll, values and gradients are those of the same steps Expanded, AsRecorded.
///
/// The samples are float64; kind, algebra and values are tried with every other element type that the type
/// rule accepts in place of theirs, and float32 results compared with those in float64.
std::vector<std::string> check_operation(const Operation& operation, bool exact_derivative = true);

/// Values for the operands of a sample, drawn from `seed`.
std::vector<Array> sample_values(const Sample& sample, std::uint64_t seed);

}  // namespace reel
