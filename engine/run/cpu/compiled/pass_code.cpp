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

}  // namespace reel::cpu
