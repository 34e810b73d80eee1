#pragma once
#include "run/reference/interpreter.h"

namespace reel::reference {

/// Whether a NaN or an infinity is among the outputs of a run or the values it is about to write into
/// variables.
bool gives_not_finite(const Interpreter& run);

/// Runs the program again, without its effects, and throws a RunError that names why an output or an update
/// is not finite: of all that makes a value not finite, and from which some of those elements come, the first
/// in the order of execution. That is an operation whose operands are finite where its result is not, or what
/// was handed in.
///
/// An infinity that was handed in or written as a literal is meant, as those of a mask are: where a NaN comes
/// of one, the operation is named that makes the NaN.
///
/// Where values come from is known element by element through maps and through what moves elements; any other
/// operation may pass on to each element of its result what arrives at any element of its operands.
[[noreturn]] void explain_not_finite(const Program& program, const std::vector<const Array*>& arguments,
                                     Interpreter::RunNumbers& numbers);

}  // namespace reel::reference
