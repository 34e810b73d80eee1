#pragma once
/// @file
/// @ingroup own_operations
/// What a map does, as instructions on vectors: what a pass over memory is compiled of.
#include <cstdint>
#include <vector>

#include "element_type.h"

namespace REEL_PUBLIC reel {

/// What becomes of lanes of one type, float or double. Masks hold true or false for each lane.
enum class VectorOp : std::uint8_t {
  operand,        ///< that of the map whose number is `bits`
  mask_operand,   ///< the same where it is bool
  number,         ///< the same in all lanes, of these `bits`
  add,            ///< a + b
  subtract,       ///< a - b
  multiply,       ///< a b
  divide,         ///< a / b
  multiply_add,   ///< a b + c, rounded once
  square_root,    ///< of a
  minimum,        ///< the smaller one of a and b; b where one is NaN. 64-byte vectors alone have it.
  maximum,        ///< the larger one; likewise
  scale,          ///< a 2^b for whole b; likewise
  bit_and,        ///< the bits of both
  bit_or,         ///< those of either
  bit_xor,        ///< those of one alone
  add_bits,       ///< a + b of lanes as unsigned integers
  subtract_bits,  ///< a - b of the same
  shift_left,     ///< lanes as unsigned integers, by `bits`
  shift_right,    ///< the same
  less,           ///< masks: a < b; false beside NaN
  less_equal,     ///< a <= b
  equal,          ///< a == b
  mask_and,       ///< of masks
  mask_or,        ///< of masks
  mask_not,       ///< of a mask
  mask_xor,       ///< of masks
  choose          ///< a where the mask c is true, b elsewhere
};

/// One of them, with the numbers of the instructions whose results it takes.
struct VectorInstruction {
  VectorOp op;             ///< What it does.
  int a = -1;              ///< Its first operand.
  int b = -1;              ///< Its second one.
  int c = -1;              ///< Its third one.
  std::uint64_t bits = 0;  ///< See VectorOp.

  /// Whether two do the same.
  bool operator==(const VectorInstruction& o) const {
    return op == o.op && a == o.a && b == o.b && c == o.c && bits == o.bits;
  }
};

/// The instructions of a map. None where it has no such form; its loop runs then.
struct VectorCode {
  ElementType element = ElementType::float32;   ///< of its lanes; bool where there are masks alone
  int vector_bytes = 0;                         ///< of the vectors it is for: 32 (AVX2) or 64 (AVX-512)
  std::vector<VectorInstruction> instructions;  ///< Each behind those whose results it takes.
  int result = -1;                              ///< The number of the last one.

  /// Whether there are any.
  explicit operator bool() const { return !instructions.empty(); }
};

/// How many results of others an instruction takes.
constexpr int operand_count(VectorOp op) {
  switch (op) {
    case VectorOp::operand:
    case VectorOp::mask_operand:
    case VectorOp::number:
      return 0;
    case VectorOp::square_root:
    case VectorOp::shift_left:
    case VectorOp::shift_right:
    case VectorOp::mask_not:
      return 1;
    case VectorOp::multiply_add:
    case VectorOp::choose:
      return 3;
    default:
      return 2;
  }
}

/// Whether the result of an instruction is a mask.
constexpr bool is_mask(VectorOp op) {
  return op == VectorOp::mask_operand || (op >= VectorOp::less && op <= VectorOp::mask_xor);
}

}  // namespace reel
