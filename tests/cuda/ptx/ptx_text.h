#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

/// PTX, the assembly text that NVIDIA's compiler makes of a kernel, taken apart. After NVIDIA's "PTX ISA",
/// version 9.0.
namespace reel::test::ptx {

/// What an instruction works on.
struct Operand {
  enum class Kind : std::uint8_t { register_, number, special, symbol, address, several };
  Kind kind = Kind::number;
  std::uint32_t index = 0;     // of a register; of an address, the one it is based on, where `name` is empty
  std::uint64_t bits = 0;      // of a number; of an address, what is added
  std::string name;            // of a special register, or a symbol; of an address that is based on one
  std::vector<Operand> parts;  // of several: {%r1, %r2}, %r1|%p1, (param0, param1)
};

struct Action;

struct Instruction {
  std::string name;  // "ld.global.v4.f32"
  std::vector<Operand> operands;
  int guard = -1;  // the predicate's register
  bool guard_is_negated = false;
  std::size_t target = 0;          // of a branch: the number of an instruction
  std::string text;                // for messages
  const Action* action = nullptr;  // what it does, see actions.h
};

/// A kernel, or a function that it calls.
struct Routine {
  std::string name;
  std::vector<Instruction> code;
  std::map<std::string, std::uint32_t> registers;
  /// Where parameters, and what is passed to others, stand in the memory for them; how large that is.
  std::map<std::string, std::size_t> parameters;
  std::vector<std::string> parameter_order;  // of the routine itself
  std::string result;                        // what it returns; empty for a kernel
  std::size_t parameter_bytes = 0;
  std::map<std::string, std::size_t> locals;
  std::size_t local_bytes = 0;
};

struct Text {
  std::map<std::string, Routine> routines;
  /// Tables that routines read.
  std::map<std::string, std::vector<unsigned char>> tables;
};

/// Throws InternalError for what is not understood.
Text read(const std::string& ptx);

}  // namespace reel::test::ptx
