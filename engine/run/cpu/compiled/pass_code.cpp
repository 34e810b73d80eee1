#include "run/cpu/compiled/pass_code.h"

namespace reel::cpu {

std::size_t PassCode::Hash::operator()(const VectorInstruction& i) const {
  std::uint64_t hash = static_cast<std::uint64_t>(i.op);
  for (auto part : {static_cast<std::uint64_t>(i.a), static_cast<std::uint64_t>(i.b),
                    static_cast<std::uint64_t>(i.c), i.bits})
    hash = (hash ^ part) * 0x9e3779b97f4a7c15 ^ hash >> 29;
  return static_cast<std::size_t>(hash);
}

bool PassCode::is_number(int value) const {
  return instructions[static_cast<std::size_t>(value)].op == VectorOp::number;
}

/// By its bits alone: they may be no number, of which arithmetic raises exceptions.
bool PassCode::is_positive_number(int value) const {
  const auto infinity =
      element == ElementType::float64 ? std::uint64_t{0x7ff} << 52 : std::uint64_t{0x7f800000};
  const auto bits = instructions[static_cast<std::size_t>(value)].bits;
  return is_number(value) && bits > 0 && bits <= infinity;
}

bool PassCode::is_sign_bit(int value) const {
  const auto bit = element == ElementType::float64 ? std::uint64_t{1} << 63 : std::uint64_t{1} << 31;
  return is_number(value) && instructions[static_cast<std::size_t>(value)].bits == bit;
}

bool PassCode::is_all_but_sign(int value) const {
  const auto bits = element == ElementType::float64 ? ~std::uint64_t{0} >> 1 : std::uint64_t{0x7fffffff};
  return is_number(value) && instructions[static_cast<std::size_t>(value)].bits == bits;
}

/// Whether it is known to be at most 0 or NaN, by looking so deep.
bool PassCode::is_never_positive(int value, int depth) const {
  const auto& made = instructions[static_cast<std::size_t>(value)];
  switch (made.op) {
    case VectorOp::number:
      return !is_positive_number(value);
    case VectorOp::bit_or:
      return is_sign_bit(made.a) || is_sign_bit(made.b);
    case VectorOp::maximum:
    case VectorOp::choose:
      return depth > 0 && is_never_positive(made.a, depth - 1) && is_never_positive(made.b, depth - 1);
    default:
      return false;
  }
}

int PassCode::simplified(VectorInstruction& instruction) const {
  const auto made = [&](int value) { return instructions[static_cast<std::size_t>(value)]; };
  // -|x| is x with its sign bit set.
  if (instruction.op == VectorOp::bit_xor && is_sign_bit(instruction.b) &&
      made(instruction.a).op == VectorOp::bit_and && is_all_but_sign(made(instruction.a).b)) {
    instruction.op = VectorOp::bit_or;
    instruction.a = made(instruction.a).a;
  }
  // What is not above 0 needs no limit above it.
  if (instruction.op == VectorOp::minimum && is_positive_number(instruction.a) &&
      is_never_positive(instruction.b))
    return instruction.b;
  if (instruction.op == VectorOp::choose && is_positive_number(instruction.a) &&
      made(instruction.c) == VectorInstruction{VectorOp::less, instruction.a, instruction.b} &&
      is_never_positive(instruction.b))
    return instruction.b;
  return -1;
}

int PassCode::add(const VectorInstruction& as_given) {
  auto instruction = as_given;
  if (const int shorter = simplified(instruction); shorter >= 0) return shorter;
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
