#pragma once
#include <memory>

#include "device.h"
#include "tape.h"

namespace reel {

struct Plan;

/// What a tape was compiled into: instructions with their addresses bound, replayed without allocating
/// buffers. Independent of the tape. Movable; one run at a time.
class Program {
 public:
  explicit Program(std::unique_ptr<Plan> plan);
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;
  ~Program();

  /// Runs on one array per argument of the tape and returns the outputs. Variables are written after
  /// everything has been computed, so an exception leaves them as they were. Throws Error for arguments of
  /// another number or type and where another thread is running this program, RunError for values an
  /// operation refuses.
  std::vector<Array> run(const std::vector<const Array*>& arguments);
  std::vector<Array> run(const std::vector<Array>& arguments);

  /// Bytes of the one block of memory that holds all values in between.
  std::size_t arena_bytes() const;
  std::size_t instruction_count() const;

 private:
  std::unique_ptr<Plan> plan_;
};

/// Compiles what `outputs` and the effects and updates of the tape need. Throws RecordError where an
/// operation has no kernel for the device.
Program compile(const Tape& tape, const Tensors& outputs, const Device& device = Device::cpu());

}  // namespace reel
