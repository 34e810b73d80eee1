#pragma once
/// @file
/// @ingroup programs
/// Pictures of tapes.
#include "tape.h"

namespace REEL_PUBLIC reel {

/// A picture of the tape in Graphviz's language: every node with operation, type, name and attributes, an
/// unroll with its body as a box around it, one colour for each scope. Render it with `dot -Tsvg`.
std::string to_dot(const Tape& tape);

}  // namespace reel
