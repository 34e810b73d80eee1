#pragma once
/// @file
/// @ingroup own_operations
/// What an operation says of itself to the CPU runner.
#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

#include "kernel_request.h"
#include "span.h"
#include "vector_code.h"

namespace REEL_PUBLIC reel {

/// One call of a kernel of the CPU runner. The work is shared by `parts` threads, each of which calls with
/// its own `part` and scratch memory.
struct CpuCall {
  const void* const* inputs;  ///< The operands' memory.
  void* output;               ///< The result's memory.
  void* scratch;              ///< Memory of the thread to work in.
  int part;                   ///< Which of the parts this call computes, from 0.
  int parts;                  ///< Into how many parts the work is divided.
  /// Positions in the unrolls around it, outermost first.
  Span<const std::int64_t> steps;
};

/// Bytes from the address of an operand on.
struct Reach {
  std::int64_t low,  ///< Where they begin.
      high;          ///< Where they end: one past the last.

  /// Positions `first` to `last` of an axis, both included; the stride in bytes.
  void extend(std::int64_t first, std::int64_t last, std::int64_t stride) {
    std::int64_t a, b;
    const bool overflows = __builtin_mul_overflow(first, stride, &a) ||
                           __builtin_mul_overflow(last, stride, &b) ||
                           __builtin_add_overflow(low, std::min(a, b), &low) ||
                           __builtin_add_overflow(high, std::max(a, b), &high);
    // Sizes that no memory has are planned too, before it is asked for.
    if (overflows || low < -most || high > most) *this = {-most, most};
  }

  /// Addresses can still be added to it.
  static constexpr std::int64_t most = std::int64_t{1} << 61;
};

/// A kernel with all worked out that does not change from call to call.
struct CpuKernel {
  /// Computes the result, or a part of it.
  std::function<void(const CpuCall&)> run;
  /// Scratch memory of each thread, aligned to 64 bytes.
  std::size_t scratch_bytes = 0;
  /// Into how many parts the work can be divided. The result does not depend on it.
  std::int64_t most_parts = 1;
  /// Estimated duration in one thread, in nanoseconds: what decides whether it is divided.
  double nanoseconds = 0;
  /// What a part touches of an operand: of an input, or of the output, which comes after them. Threads need
  /// not wait for one another where each keeps to its own. None: any part may touch all of it.
  std::function<std::optional<Reach>(std::size_t operand, int part, int parts)> reach = nullptr;
};

/// A map over `count` elements that stand side by side. An output may be an input's memory.
using MapLoop = void (*)(const void* const* inputs, void* output, std::int64_t count);

/// A reduction of `rows` rows of `columns` elements, one after the other, each to one element.
using RowLoop = void (*)(const void* input, void* output, std::int64_t rows, std::int64_t columns);

/// For each of `rows` rows one element, repeated along `columns`; the elements stand `pitch` bytes apart.
using RepeatLoop = void (*)(const void* input, std::int64_t pitch, void* output, std::int64_t rows,
                            std::int64_t columns);

/// A reduction of columns that is given a few rows at a time: totals, of a type of their own, hold for each
/// column what has been joined so far.
struct ColumnLoops {
  /// Size of a total; 0 where there is no such reduction.
  std::int64_t total_bytes = 0;
  /// Begins with nothing joined.
  void (*start)(void* totals, std::int64_t columns) = nullptr;
  /// Joins `rows` rows that lie one after the other.
  void (*take)(void* totals, const void* input, std::int64_t rows, std::int64_t columns) = nullptr;
  /// Joins the totals of other rows.
  void (*join)(void* totals, const void* others, std::int64_t columns) = nullptr;
  /// Makes the results of the totals.
  void (*finish)(const void* totals, void* output, std::int64_t columns) = nullptr;
};

/// A form of one operand in which the kernel works faster, made once where the operand does not change.
struct PreparedOperand {
  /// Which operand it is, from 0.
  std::size_t operand = 0;
  /// Size of the form; 0 where it is not worth making. None where the operation has no such form.
  std::function<std::size_t(const KernelRequest&)> bytes;
  /// Makes it: the operand is the only input.
  std::function<CpuKernel(const KernelRequest&)> kernel;
};

/// What an operation says of itself to the CPU runner; where it says nothing, its reference kernel runs.
struct CpuKernels {
  /// The loop of a map; null where there is none. The runner fuses maps of up to three operands.
  std::function<MapLoop(const std::vector<ElementType>& operands, ElementType result)> map = nullptr;
  /// The instructions of a map: those of several are compiled into one pass. None where it has none; its loop
  /// runs then.
  std::function<VectorCode(const std::vector<ElementType>& operands)> code = nullptr;
  /// The loop of a reduction along the last axis; none where it has no such loop. The runner fuses it with
  /// maps. The reduction's attribute `axes`, counted from 0, names the axes, which disappear.
  std::function<RowLoop(ElementType operand)> rows = nullptr;
  /// The loops of a reduction along all axes but the last.
  std::function<ColumnLoops(ElementType operand)> columns = nullptr;
  /// The loop of broadcast, which repeats row values in a fusion.
  std::function<RepeatLoop(ElementType)> repeat = nullptr;
  /// The kernel of an operation by itself.
  std::function<CpuKernel(const KernelRequest&)> kernel = nullptr;
  /// Whether `kernel` takes operands and a result of any layout; else they are contiguous.
  bool any_layout = false;
  /// Whether `kernel` takes operands that lie as in the request, where the result is contiguous; none where
  /// that is for `any_layout` to tell.
  std::function<bool(const KernelRequest&)> any_operands = nullptr;
  /// A form of an operand in which `kernel` works faster, if there is one.
  PreparedOperand prepared = {};
};

}  // namespace reel
