#pragma once
/// @file
/// @ingroup own_operations
/// What a kernel is asked to do.
#include "attributes.h"
#include "layout.h"

namespace REEL_PUBLIC reel {

/// What a kernel is made for.
struct KernelRequest {
  std::vector<Layout> operands;  ///< How each operand lies in memory.
  Layout result;                 ///< How the result lies in memory.
  Attributes attributes;         ///< The constants of the operation.
  /// Whether the operand that has a prepared form is given in it.
  bool prepared = false;
};

}  // namespace reel
