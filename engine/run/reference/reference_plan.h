#pragma once
#include <unordered_set>

#include <reel/program.h>
#include <reel/variable.h>

#include "plan/arena.h"
#include "plan/base.h"
#include "plan/place.h"
#include "run/runner.h"

namespace reel::reference {

/// An operand of an instruction: base + offset + sum of step * stride.
struct Operand {
  int base;
  std::int64_t offset;
  std::uint32_t first_stride;
  std::uint32_t stride_count;
  std::uint32_t name;  // of a parameter or an argument, among the plan's names
  const TensorType* type;
};

struct Instruction {
  enum class Kind : std::uint8_t { kernel, copy, loop };
  Kind kind;
  bool reverse = false;
  /// The loop's body ends before this instruction.
  std::int32_t end = 0;
  std::int64_t steps = 0;
  const Operation* operation = nullptr;
  Attributes attributes;
  const Origin* origin = nullptr;
  /// Inputs, then the output where there is one.
  std::uint32_t first_operand = 0;
  std::uint32_t operand_count = 0;
};

/// A compiled tape.
struct Plan {
  struct Update {
    std::shared_ptr<Variable> variable;
    Operand value;
  };

  CompileOptions options;
  std::vector<Instruction> instructions;
  std::vector<Operand> operands;
  std::vector<plan::Stride> strides;
  std::vector<std::string> names;  // parameters, arguments
  std::vector<plan::Base> bases;
  std::vector<plan::Argument> arguments;
  std::vector<Operand> outputs;
  std::vector<Update> updates;
  std::unordered_set<TensorType, TypeHash> types;
  std::unordered_set<Origin, OriginHash> origins;
  std::size_t arena_bytes = 0;
  int loop_depth = 0;
  std::size_t most_operands = 0;

  static std::size_t input_count(const Instruction& instruction) {
    return instruction.operand_count - (instruction.operation->has_value() ? 1 : 0);
  }

  // What a run needs, allocated once.
  Memory arena;
  std::vector<std::byte*> addresses;  // of the bases
  std::vector<std::int64_t> steps;    // of the loops around the instruction
  std::vector<ConstView> views;
  std::vector<std::int64_t> run_numbers;  // by base
};

/// From a tape to a plan for the reference runner.
std::unique_ptr<Plan> lower(const Tape& tape, const std::vector<NodeId>& outputs);

}  // namespace reel::reference
