#pragma once
#include <cstring>
#include <functional>
#include <type_traits>

#include "ptx_text.h"

/// Runs kernels that are PTX, thread after thread.
namespace reel::test::ptx {

/// A routine at work.
struct Frame {
  const Routine* routine = nullptr;
  std::size_t next = 0;  // the instruction
  std::vector<std::uint64_t> registers;
  std::vector<unsigned char> parameters, locals;
};

struct Thread {
  unsigned index = 0;  // in its block
  std::vector<Frame> frames;
  const Instruction* waits_at = nullptr;  // for others
  bool carry = false;
  Frame& frame() { return frames.back(); }
};

/// What a kernel is launched with.
struct Launch {
  unsigned blocks = 1, threads = 1;
  std::size_t shared_bytes = 0;
  const std::int64_t* words = nullptr;
  std::size_t count = 0;
  std::uint64_t seed = 0;  // of the order of blocks and threads; 0: in their order
  /// Whether so many bytes are memory of the device.
  std::function<bool(const void* memory, std::size_t bytes)> is_memory;
};

/// A launch while it runs. Everything wrong is an InternalError: memory that is nobody's, an address that is
/// no multiple, threads that wait for ever or meet at different places, shared memory that is used before it
/// is written, or written by one thread and used by another with no barrier between.
class Machine {
 public:
  Machine(const Text& text, const Launch& launch) : text_(text), launch_(launch) {}
  void run(const Routine& kernel);

  // For actions.
  std::uint64_t special(const Thread& thread, const std::string& name) const;
  std::uint64_t symbol(const Thread& thread, const std::string& name) const;
  /// Where an operand of loads and stores stands in this process, checked.
  unsigned char* memory(Thread& thread, const Instruction& instruction, const Operand& address,
                        std::size_t bytes, bool is_read);
  void call(Thread& thread, const Instruction& instruction);
  void leave(Thread& thread);
  [[noreturn]] void fail(const Thread& thread, const Instruction& instruction, const std::string& what) const;

 private:
  void run_block(const Routine& kernel, unsigned block);
  void begin(Thread& thread, const Routine& kernel);
  /// Until it has to wait, or is done.
  void run(Thread& thread);
  /// What the threads of warps, or of the block, wait for together. Returns whether some can go on.
  bool meet();
  bool meet_warp(std::size_t first, std::size_t end);
  void exchange(std::size_t first, std::size_t end, const Instruction& instruction);
  unsigned char* shared(Thread& thread, const Instruction& instruction, std::uint64_t address,
                        std::size_t bytes, bool is_read);
  unsigned char* local(Thread& thread, const Instruction& instruction, std::uint64_t address,
                       std::size_t bytes);

  /// Who used a byte of shared memory since the last barrier.
  struct Use {
    static constexpr int nobody = -1, several = -2;
    bool is_written = false;  // ever
    int writer = nobody, reader = nobody, epoch = 0;
  };

  const Text& text_;
  const Launch& launch_;
  unsigned block_ = 0;
  std::vector<Thread> threads_;
  std::vector<unsigned char> shared_;
  std::vector<Use> uses_;
  int epoch_ = 0;
};

/// The value of an operand.
inline std::uint64_t bits_of(Machine& machine, Thread& thread, const Operand& operand) {
  switch (operand.kind) {
    case Operand::Kind::register_:
      return thread.frame().registers[operand.index];
    case Operand::Kind::number:
      return operand.bits;
    case Operand::Kind::special:
      return machine.special(thread, operand.name);
    default:
      return machine.symbol(thread, operand.name);
  }
}
template <class T>
T as(std::uint64_t bits) {
  T value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
template <class T>
std::uint64_t bits(T value) {
  if constexpr (std::is_integral_v<T> && std::is_signed_v<T>)
    return static_cast<std::uint64_t>(std::int64_t{value});
  std::uint64_t result = 0;
  std::memcpy(&result, &value, sizeof value);
  return result;
}

}  // namespace reel::test::ptx
