#pragma once
#include <reel/device.h>

#include "met_limits.h"
#include "plan/plan.h"
#include "run/cpu/cluster/cluster.h"
#include "run/cpu/copy.h"

namespace reel::cpu {

/// Memory of an operand, resolved when it runs: base + offset + sum of step * stride.
struct Operand {
  std::int32_t base;
  std::uint32_t first_stride;
  std::uint32_t stride_count;
  std::int64_t offset;
  /// The bytes it can touch at one step, from its address.
  std::int64_t low, high;
};

/// What the processor does for a piece of work, at the same position.
struct Instruction {
  enum class Kind : std::uint8_t { kernel, cluster, copy, loop };
  Kind kind;
  bool reverse = false;
  /// All threads wait for one another before it.
  bool barrier = false;
  /// Divided among the threads; else the first one does it.
  bool divided = false;
  /// From parameters alone: left out where none has changed since the last run.
  bool cached = false;
  std::int32_t end = 0;     // of a loop: the body ends before this instruction
  std::int64_t steps = 0;   // of a loop
  std::uint32_t index = 0;  // among the plan's kernels, clusters or copies
  /// Inputs, then outputs.
  std::uint32_t first_operand = 0;
  std::uint32_t input_count = 0, output_count = 0;
  double nanoseconds = 0;
};

/// A plan as the processor runs it: kernels, clusters and copies that are bound to their layouts.
struct CpuPlan {
  plan::Plan plan;
  std::vector<Instruction> instructions;
  std::vector<Operand> operands;
  std::vector<plan::Stride> strides;
  std::vector<CpuKernel> kernels;
  std::vector<Cluster> clusters;
  std::vector<Copy> copies;
  /// From where the arena or a variable holds them to the caller's array and the updated variable.
  struct Moved {
    Operand from;
    Copy copy;
  };
  std::vector<Moved> outputs, updates;

  std::size_t scratch_bytes = 0;  // of each thread
  int threads = 1;
  limits::Met limits;
};

/// The work of a plan, who does it and who waits; then the limits that were met.
std::string explain(const CpuPlan& plan);

/// Binds a plan and divides its work among at most so many threads: what takes longer than `worth_dividing`,
/// in estimated nanoseconds.
std::unique_ptr<CpuPlan> make_cpu_plan(plan::Plan plan, UniformTiles& uniforms, CompiledPasses& passes,
                                       const CpuOptions& options);

/// Decides who does what, and who waits for whom.
void divide_work(CpuPlan& plan, double worth_dividing);
/// Its last part: all threads walk a loop in which any of them has something to do or to wait for.
void divide_loops(CpuPlan& plan);

}  // namespace reel::cpu
