#include "run/cpu/compiled/compiled_passes.h"

namespace reel::cpu {

namespace {

/// All that a code holds, as numbers.
std::vector<std::uint64_t> key_of(const PassCode& code) {
  std::vector<std::uint64_t> key;
  const auto add = [&](auto number) { key.push_back(static_cast<std::uint64_t>(number)); };
  add(code.element);
  add(code.vector_bytes);
  add(code.instructions.size());
  for (const auto& instruction : code.instructions) {
    add(instruction.op);
    add(instruction.a);
    add(instruction.b);
    add(instruction.c);
    add(instruction.bits);
  }
  for (const auto& operand : code.operands) add(2 * operand.per_row + operand.is_overwritten);
  for (const auto& result : code.results) {
    add(result.value);
    add(result.overwrites.size());
    for (auto operand : result.overwrites) add(operand);
  }
  return key;
}

}  // namespace

std::shared_ptr<const CompiledPass> CompiledPasses::of(const PassCode& code) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto& known = known_[key_of(code)];
  if (auto pass = known.lock()) return pass;
  const auto pass = compile_pass(code);
  known = pass;
  return pass;
}

}  // namespace reel::cpu
