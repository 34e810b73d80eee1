#pragma once
#include <memory>
#include <string>
#include <vector>

#include "device.h"
#include "tape.h"

namespace reel {

class Runner;

std::vector<TensorType> types_of(const std::vector<const Array*>& arrays);

/// Where the time of a program goes.
struct Profile {
  struct Line {
    std::string what, scope, operands;  // in the names of the code that recorded it
    double microseconds;                // of a run, in the first thread
    double waiting;                     // microseconds it waited for other threads before that
    std::int64_t calls;                 // in a run
  };
  std::vector<Line> lines;  // in the order of instructions
  double microseconds = 0;  // of a whole run
};
/// A table, the longest first.
std::string to_string(const Profile& profile);

/// What a tape was compiled into: instructions with their addresses bound, replayed by Device::cpu() without
/// allocating memory, totals of scatters apart. Independent of the tape. A handle: copies are the same
/// program, which lives as long as one of them. One run at a time.
class Program {
 public:
  explicit Program(std::unique_ptr<Runner> runner);
  // Without moves, after which a handle would be none.
  Program(const Program&) = default;
  Program& operator=(const Program&) = default;

  /// Runs on one array per argument of the tape and returns the outputs. Variables are written after
  /// everything has been computed, so an exception leaves them as they were. Throws Error for arguments of
  /// another number or type and where another thread is running this program, RunError for values an
  /// operation refuses, MemoryError where there is none for a result, or for an operation to work in.
  std::vector<Array> run(const std::vector<const Array*>& arguments);
  std::vector<Array> run(const std::vector<Array>& arguments);
  /// Writes the outputs into `results`: arrays that have the right type already are used again, so that
  /// nothing is allocated. An exception leaves them with any value. Throws Error where one of them is an
  /// argument.
  void run(const std::vector<const Array*>& arguments, std::vector<Array>& results);

  /// Bytes of the one block of memory that holds all values in between.
  std::size_t arena_bytes() const;
  /// How many of them hold what was made of parameters alone, merged or packed, and is kept from run to run.
  std::size_t kept_bytes() const;
  std::size_t instruction_count() const;
  /// The instructions, one a line: what each does, for which code, and where its operands stand.
  std::string explain() const;
  /// Runs it once more than `runs` times, updates included, and measures every instruction. Throws Error for
  /// the reference runner, which is not made for speed.
  Profile profile(const std::vector<Array>& arguments, int runs = 20);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// How a program is compiled; set by the options below.
struct CompileOptions {
  bool check_finite = false;
  bool simplify = true;
  bool residuals = true;
  bool products = true;
  bool fuse = true;
  /// Estimated nanoseconds from which an instruction is divided among threads.
  double worth_dividing = 300;
  bool split = true;
  bool sink = true;
};

/// Compiles what was recorded, node by node.
inline constexpr auto AsRecorded = [](CompileOptions& options) {
  options.simplify = options.residuals = options.products = options.split = options.fuse = false;
};

/// A RunError where a result is not finite, or a value that is about to be written into a variable;
/// variables, those of optimisers too, stay as they were. It names the first operation on the way to such
/// elements whose result is not finite though its operands are, with its scope and step and the derivative it
/// is part of; or the argument or parameter that held the value. What becomes finite again is no fault: the
/// -inf of a mask before a softmax, an infinite slope that nothing arrives at. Where an infinity that was
/// handed in or written as a literal becomes a NaN, as where a mask leaves a row nothing, the operation that
/// makes the NaN is named. To find it, the program is run once more, without its effects. For debugging: it
/// runs every operation by itself.
inline constexpr auto CheckFinite = [](CompileOptions& options) {
  options.check_finite = true;
  AsRecorded(options);  // so that errors name it
};

/// Leaves out the pass that puts every node in its simplest form and computes it but once. Passes that
/// rewrite nodes still write them in that form.
inline constexpr auto WithoutSimplify = [](CompileOptions& options) { options.simplify = false; };

/// Leaves what a derivative reads of the forward steps as it is: everything used is stored.
inline constexpr auto WithoutResiduals = [](CompileOptions& options) { options.residuals = false; };

/// Leaves products as they are: none are merged or taken apart.
inline constexpr auto WithoutProducts = [](CompileOptions& options) { options.products = false; };

/// Leaves unrolls as they are: everything in them is computed step by step.
inline constexpr auto WithoutSplit = [](CompileOptions& options) { options.split = false; };

/// Leaves cheap maps before a loop outside of it: they are computed for all steps at once and read again.
inline constexpr auto WithoutSink = [](CompileOptions& options) { options.sink = false; };

/// Runs every elementwise operation by itself, in a pass over memory of its own.
inline constexpr auto WithoutFuse = [](CompileOptions& options) { options.fuse = false; };

/// Divides among the threads what can be divided, however small: slow, for tests.
inline constexpr auto DivideEverything = [](CompileOptions& options) { options.worth_dividing = -1; };

/// Compiles what `outputs` and the effects and updates of the tape need, and takes the memory to run it.
/// Throws RecordError where an operation has no kernel for the device, and MemoryError, with what would hold
/// the most, where the system does not give that memory. (One that promises more than it has, as Linux does,
/// may end the process when it is used.)
Program compile(const Tape& tape, const Tensors& outputs, const Device& device = Device::cpu(),
                const CompileOptions& options = {});

}  // namespace reel
