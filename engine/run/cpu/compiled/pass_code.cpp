#include "run/cpu/compiled/pass_code.h"

namespace reel::cpu {

std::size_t PassCode::Hash::operator()(const VectorInstruction& i) const {
  std::uint64_t hash = static_cast<std::uint64_t>(i.op);
  for (auto part : {static_cast<std::uint64_t>(i.a), static_cast<std::uint64_t>(i.b),
                    static_cast<std::uint64_t>(i.c), i.bits})
    hash = (hash ^ part) * 0x9e3779b97f4a7c15 ^ hash >> 29;
  return static_cast<std::size_t>(hash);
}

int PassCode::add(const VectorInstruction& instruction) {
  const auto [found, is_new] = known_.try_emplace(instruction, static_cast<int>(instructions.size()));
  if (is_new) instructions.push_back(instruction);
  return found->second;
}

int PassCode::add_operand(bool per_row) {
  operands.push_back({per_row});
  return add({VectorOp::operand, -1, -1, -1, operands.size() - 1});
}

int PassCode::add_number(std::uint64_t bits) { return add({VectorOp::number, -1, -1, -1, bits}); }

int PassCode::add_map(const VectorCode& map, const std::vector<int>& operands) {
  std::vector<int> values;  // of the map's instructions
  const auto value_of = [&](int number) {
    return number < 0 ? -1 : values[static_cast<std::size_t>(number)];
  };
  for (auto instruction : map.instructions) {
    if (instruction.op == VectorOp::operand || instruction.op == VectorOp::mask_operand) {
      values.push_back(operands[instruction.bits]);
      continue;
    }
    instruction.a = value_of(instruction.a);
    instruction.b = value_of(instruction.b);
    instruction.c = value_of(instruction.c);
    values.push_back(add(instruction));
  }
  return value_of(map.result);
}

void PassCode::add_result(int value, const std::vector<int>& overwrites) {
  for (auto operand : overwrites) operands[static_cast<std::size_t>(operand)].is_overwritten = true;
  results.push_back({value, overwrites});
}

PassCode PassCode::twice() const {
  auto both = *this;
  both.known_.clear();
  const auto count = static_cast<int>(operands.size());
  both.operands.insert(both.operands.end(), operands.begin(), operands.end());
  std::vector<int> second;  // of each instruction, that of the next vector
  const auto second_of = [&](int value) { return value < 0 ? -1 : second[static_cast<std::size_t>(value)]; };
  for (std::size_t i = 0; i < instructions.size(); ++i) {
    auto instruction = instructions[i];
    const bool is_operand = instruction.op == VectorOp::operand;
    if (instruction.op == VectorOp::number || (is_operand && operands[instruction.bits].per_row)) {
      second.push_back(static_cast<int>(i));
      continue;
    }
    if (is_operand) instruction.bits += static_cast<std::uint64_t>(count);
    instruction.a = second_of(instruction.a);
    instruction.b = second_of(instruction.b);
    instruction.c = second_of(instruction.c);
    second.push_back(static_cast<int>(both.instructions.size()));
    both.instructions.push_back(instruction);
  }
  for (auto result : results) {
    result.value = second_of(result.value);
    for (auto& operand : result.overwrites) operand += count;
    both.results.push_back(std::move(result));
  }
  return both;
}

}  // namespace reel::cpu
