#pragma once
#include <reel/vector_code.h>

#include <cpu/variant.h>

namespace reel::cpu::recorded {

/// The instructions of one of Reel's own maps, by its name, for operands of one type. None where it has none:
/// it works on other types, or a lane at a time.
VectorCode map(const char* name, ElementType operand, Variant variant = best_variant());
/// Those of select, by the type of its branches.
VectorCode select(ElementType element, Variant variant = best_variant());

}  // namespace reel::cpu::recorded
