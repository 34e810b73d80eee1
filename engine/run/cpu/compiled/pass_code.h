#pragma once
#include <unordered_map>
#include <vector>

#include <reel/vector_code.h>

namespace reel::cpu {

/// Calls f(value) for each of the values that an instruction takes.
template <class F>
void for_operands(const VectorInstruction& instruction, const F& f) {
  for (int value : {instruction.a, instruction.b, instruction.c})
    if (value >= 0) f(value);
}

/// What is done to each vector of elements in a pass over memory: the instructions of several maps, each of
/// them once. Its operands are instructions too, numbered by `bits` among the operands.
struct PassCode {
  struct Operand {
    /// One element for each row, the same in all lanes.
    bool per_row;
    /// Memory that a result is written into.
    bool is_overwritten = false;
  };
  struct Result {
    int value;  // the number of an instruction
    /// Operands that have to be read before it is written: none of one element for each row.
    std::vector<int> overwrites;
  };

  ElementType element = ElementType::float32;
  int vector_bytes = 0;
  std::vector<VectorInstruction> instructions;
  std::vector<Operand> operands;
  std::vector<Result> results;

  /// Values of new operands, and of numbers.
  int add_operand(bool per_row);
  int add_number(std::uint64_t bits);
  /// The value of a map of values that are there.
  int add_map(const VectorCode& map, const std::vector<int>& operands);
  void add_result(int value, const std::vector<int>& overwrites);
  /// Two vectors at once: behind its own operands and results those of the next vector, in the same order.
  /// What is the same in all vectors of a row is there but once. Nothing is added to it any more.
  PassCode twice() const;

 private:
  /// The number of an instruction that does the same, which may be there already.
  int add(const VectorInstruction& instruction);
  struct Hash {
    std::size_t operator()(const VectorInstruction& i) const;
  };
  std::unordered_map<VectorInstruction, int, Hash> known_;
};

}  // namespace reel::cpu
