#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "cpu/recorded/maps.h"
#include "run/cpu/compiled/compiled_pass.h"

namespace reel::test {

using LoopFunction = std::function<void(const void* const* inputs, void* output, std::int64_t count)>;

/// One of Reel's maps as a compiled pass, called as its loop is. Empty where it is not compiled: it makes
/// masks, or has no instructions.
inline LoopFunction compiled_map(const char* name, ElementType element, std::size_t arity,
                                 cpu::Variant variant) {
  const auto map = cpu::recorded::map(name, element, variant);
  if (!map || is_mask(map.instructions[static_cast<std::size_t>(map.result)].op)) return {};
  cpu::PassCode code;
  code.element = element;
  code.vector_bytes = map.vector_bytes;
  std::vector<int> operands;
  for (std::size_t k = 0; k < arity; ++k) operands.push_back(code.add_operand(false));
  code.add_result(code.add_map(map, operands), {});
  const auto pass = cpu::compile_pass(code);
  if (!pass) return {};
  return [pass, arity](const void* const* inputs, void* output, std::int64_t count) {
    std::vector<std::uint64_t> memory(cpu::CompiledPass::call_bytes(arity + 1) / sizeof(std::uint64_t) + 1);
    auto& call = *reinterpret_cast<cpu::CompiledPass::Call*>(memory.data());
    for (std::size_t k = 0; k < arity; ++k)
      call.places[k] = {static_cast<std::byte*>(const_cast<void*>(inputs[k])), 0};
    call.places[arity] = {static_cast<std::byte*>(output), 0};
    pass->run(call, 1, count);
  };
}

/// Those that have machine code: all but the plain processor.
inline std::vector<cpu::Variant> compiling_variants() {
  auto usable = cpu::usable_variants();
  usable.erase(usable.begin());
  return usable;
}

}  // namespace reel::test
