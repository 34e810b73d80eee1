#pragma once
#include "run/cpu/cluster/cluster.h"
#include "run/cpu/copy.h"
#include "run/cpu/place.h"
#include "run/reference/reference_plan.h"

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

struct Instruction {
  enum class Kind : std::uint8_t { kernel, cluster, copy, loop };
  Kind kind;
  bool reverse = false;
  /// All threads wait for one another before it.
  bool barrier = false;
  /// Divided among the threads; else the first one does it.
  bool divided = false;
  /// From parameters alone: left out where none has changed since the last run.
  bool kept = false;
  std::int32_t end = 0;     // of a loop: the body ends before this instruction
  std::int64_t steps = 0;   // of a loop
  std::uint32_t index = 0;  // among the plan's kernels, clusters or copies
  /// Inputs, then outputs.
  std::uint32_t first_operand = 0;
  std::uint32_t input_count = 0, output_count = 0;
  double nanoseconds = 0;
  std::uint32_t note = 0;
};

/// What an instruction does, for people: explain(), profile() and errors.
struct Note {
  std::string what;  // "matmul", "12 in one pass: add sigmoid ..."
  Origin origin;
  std::string operands;  // "float32[32, 128], float32[128, 512] (cell/U)"
};

struct CpuPlan {
  std::vector<Instruction> instructions;
  std::vector<Operand> operands;
  std::vector<Stride> strides;
  std::vector<CpuKernel> kernels;
  std::vector<Cluster> clusters;
  std::vector<Copy> copies;
  std::vector<Note> notes;
  std::vector<Plan::Base> bases;
  std::vector<Argument> arguments;
  std::vector<std::shared_ptr<Variable>> parameters;  // read by what is kept

  struct Output {
    TensorType type;
    std::int32_t base = -1;  // written there directly, or
    Operand from;            // copied at the end
    Copy copy;
  };
  std::vector<Output> outputs;
  struct Update {
    std::shared_ptr<Variable> variable;
    Operand value;
    Copy copy;
  };
  std::vector<Update> updates;

  Memory arena;
  std::size_t arena_bytes = 0;
  std::size_t kept_bytes = 0;     // of them
  std::size_t scratch_bytes = 0;  // of each thread
  int loop_depth = 0;
  int threads = 1;
};

}  // namespace reel::cpu
