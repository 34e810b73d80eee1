#include "run/reference/reference_run.h"

#include <cstring>
#include <new>

#include "plan/out_of_memory.h"
#include "run/runner.h"

namespace reel::reference {

std::byte* Run::address(const Operand& operand) const {
  std::byte* address = plan_.addresses[operand.base] + operand.offset;
  for (std::uint32_t i = 0; i < operand.stride_count; ++i) {
    const auto& stride = plan_.strides[operand.first_stride + i];
    address += plan_.steps[stride.level] * stride.bytes;
  }
  return address;
}

void Run::range(std::int32_t begin, std::int32_t end, int level) {
  for (std::int32_t i = begin; i < end; ++i) {
    const auto& instruction = plan_.instructions[i];
    switch (instruction.kind) {
      case Instruction::Kind::kernel:
        kernel(instruction, level);
        break;
      case Instruction::Kind::copy:
        copy(plan_.operands[instruction.first_operand], plan_.operands[instruction.first_operand + 1]);
        break;
      case Instruction::Kind::loop:
        for (std::int64_t step = 0; step < instruction.steps; ++step) {
          plan_.steps[level] = instruction.reverse ? instruction.steps - 1 - step : step;
          range(i + 1, instruction.end, level + 1);
        }
        i = instruction.end - 1;
        break;
    }
  }
}

void Run::kernel(const Instruction& instruction, int level) {
  const Span<const Operand> operands{&plan_.operands[instruction.first_operand], instruction.operand_count};
  const std::size_t inputs = plan_.input_count(instruction);
  for (std::size_t i = 0; i < inputs; ++i) plan_.views[i] = {address(operands[i]), operands[i].type};
  View output{nullptr, nullptr};
  if (inputs < operands.size()) output = {address(operands[inputs]), operands[inputs].type};
  const Span<const std::int64_t> steps{plan_.steps.data(), static_cast<std::size_t>(level)};
  call(instruction, operands, {{plan_.views.data(), inputs}, output, instruction.attributes, steps});
}

void Run::call(const Instruction& instruction, Span<const Operand>, const KernelCall& call) {
  try {
    instruction.operation->kernels.reference(call);
  } catch (const RunError& error) {
    throw RunError(describe(plan_, instruction, error.what(), call.steps));
  } catch (const std::bad_alloc&) {
    throw MemoryError(
        plan::lacks_memory(types_of(plan_.arguments), plan_.arena_bytes,
                           describe(plan_, instruction, "finds no memory to work in", call.steps)));
  }
}

void Run::copy(const Operand& from, const Operand& to) {
  std::memcpy(address(to), address(from), from.type->bytes());
}

std::string describe(const Plan& plan, const Instruction& instruction, const std::string& what,
                     Span<const std::int64_t> steps) {
  std::string operands;
  for (std::size_t i = 0; i < plan.input_count(instruction); ++i) {
    const auto& operand = plan.operands[instruction.first_operand + i];
    operands += (i > 0 ? ", " : "") + to_string(*operand.type);
    if (const auto& name = plan.names[operand.name]; !name.empty()) operands += " (" + name + ")";
  }
  return message(instruction.operation->name, what, *instruction.origin, operands, steps);
}

}  // namespace reel::reference
