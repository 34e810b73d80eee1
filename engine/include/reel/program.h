#pragma once
/// @file
/// @ingroup programs
/// Compiled programs.
#include <memory>
#include <string>
#include <vector>

#include "device.h"
#include "passes.h"

namespace REEL_PUBLIC reel {

class Runner;

/// The type of each array.
std::vector<TensorType> types_of(const std::vector<const Array*>& arrays);

/// Arguments of a run to come, copied for the program that runs on them; see Program::stage().
class StagedArguments {
 public:
  virtual ~StagedArguments() = default;

 private:
  friend class Program;
  std::shared_ptr<void> program_;
};

/// Where the time of a program goes.
struct Profile {
  /// One instruction.
  struct Line {
    std::string what,     ///< What it does, in the names of the code that recorded it.
        scope,            ///< For which code.
        operands;         ///< Where its operands stand.
    double microseconds;  ///< Microseconds of a run, in the first thread.
    double waiting;       ///< Microseconds it waited for other threads before that.
    std::int64_t calls;   ///< How often it runs in a run.
  };
  std::vector<Line> lines;  ///< In the order of instructions.
  double microseconds = 0;  ///< Of a whole run.
};
/// A table, the longest first.
std::string to_string(const Profile& profile);

/// What a tape was compiled into: instructions with their addresses bound, replayed by Device::cpu() without
/// allocating memory, totals of scatters apart. Independent of the tape. A handle: copies are the same
/// program, which lives as long as one of them. One run at a time.
class Program {
 public:
  /// Made by compile(). `notes` are put behind what the runner explains.
  explicit Program(std::unique_ptr<Runner> runner, std::string notes = "");
  // Without moves, after which a handle would be none.
  /// Both are the same program.
  /// @{
  Program(const Program&) = default;
  Program& operator=(const Program&) = default;
  /// @}

  /// Runs on one array per argument of the tape and returns the outputs. Variables are written after
  /// everything has been computed, so an exception leaves them as they were. Throws Error for arguments of
  /// another number or type and where another thread is running this program, RunError for values an
  /// operation refuses, MemoryError where there is none for a result, or for an operation to work in.
  std::vector<Array> run(const std::vector<const Array*>& arguments);
  /// The same, of arrays that stand side by side.
  std::vector<Array> run(const std::vector<Array>& arguments);
  /// Writes the outputs into `results`: arrays that have the right type already are used again, so that
  /// nothing is allocated. An exception leaves them with any value. Throws Error where one of them is an
  /// argument.
  void run(const std::vector<const Array*>& arguments, std::vector<Array>& results);

  /// Copies the arguments of a run to come, so that they may change, and begins to bring them to the device;
  /// that goes on while other runs compute. Another thread may do so while the program runs. Throws Error for
  /// arguments of another number or type, and MemoryError.
  std::shared_ptr<StagedArguments> stage(const std::vector<const Array*>& arguments);
  /// Runs on what was staged, as often as wanted. Throws Error too where another program has staged it.
  std::vector<Array> run(StagedArguments& arguments);
  /// The same, with the outputs written into `results`, as by run() above.
  void run(StagedArguments& arguments, std::vector<Array>& results);

  /// Bytes of the memory that holds all values in between: what a run borrows, the same for all programs of a
  /// device that run one after the other, and what is kept.
  std::size_t arena_bytes() const;
  /// How many of them hold what was made of parameters alone, merged or packed, and is kept from run to run.
  /// Programs that keep the same share it.
  std::size_t kept_bytes() const;
  /// The blocks that it is kept in, told apart by their addresses, and the bytes of each.
  std::vector<std::pair<const void*, std::size_t>> kept_blocks() const;
  /// How many instructions it has.
  std::size_t instruction_count() const;
  /// The instructions, one a line: what each does, for which code, and where its operands stand; then which
  /// limits were met where Reel stops looking for something better.
  std::string explain() const;
  /// Runs it once more than `runs` times, updates included, and measures every instruction. Throws Error
  /// where the device does not measure: the reference runner, which is not made for speed and runs
  /// CheckFinite too.
  Profile profile(const std::vector<Array>& arguments, int runs = 20);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Compiles what `outputs` and the effects and updates of the tape need, and takes the memory to run it.
/// Throws RecordError where an operation has no kernel for the device, and MemoryError, with what would hold
/// the most, where the system does not give that memory. (One that promises more than it has, as Linux does,
/// may end the process when it is used.)
Program compile(const Tape& tape, const Tensors& outputs, const Device& device = Device::cpu(),
                const CompileOptions& options = {});

}  // namespace reel
