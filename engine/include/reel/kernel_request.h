#pragma once
#include "attributes.h"
#include "layout.h"

namespace REEL_PUBLIC reel {

/// What a kernel is made for.
struct KernelRequest {
  std::vector<Layout> operands;
  Layout result;
  Attributes attributes;
  /// Whether the operand that has a prepared form is given in it.
  bool prepared = false;
};

}  // namespace reel
