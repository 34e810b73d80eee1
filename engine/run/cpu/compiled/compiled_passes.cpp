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
  const auto key = key_of(code);
  const std::lock_guard<std::recursive_mutex> lock(known_->mutex);
  auto& passes = known_->passes;
  const auto found = passes.find(key);
  if (found != passes.end())
    if (auto pass = found->second.lock()) return pass;
  const auto compiled = passes.size() < most_ ? compile_pass(code, orders_) : nullptr;
  if (!compiled) return nullptr;
  // Who gives it back last takes it off the list.
  const auto forget = [compiled, key, list = std::weak_ptr<Known>(known_)](const CompiledPass*) {
    const auto all = list.lock();
    if (!all) return;
    const std::lock_guard<std::recursive_mutex> lock(all->mutex);
    const auto found = all->passes.find(key);
    if (found != all->passes.end() && found->second.expired()) all->passes.erase(found);
  };
  const std::shared_ptr<const CompiledPass> pass(compiled.get(), forget);
  passes[key] = pass;
  return pass;
}

}  // namespace reel::cpu
