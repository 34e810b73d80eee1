#pragma once
/// @file
/// @ingroup programs
/// Where programs run.
#include <memory>
#include <string>

#include "visibility.h"

namespace REEL_PUBLIC reel {

class Backend;

/// How programs run on the processor.
struct CpuOptions {
  /// As many as it has cores where that is 0.
  int threads = 0;
  /// Estimated nanoseconds from which one operation is divided among threads. No result depends on it.
  double worth_dividing = 300;
  /// Whether passes of maps are compiled to machine code, where that can be: for x86-64 with AVX2, built with
  /// xbyak, on a system that allows it. Otherwise maps run one after the other on tiles. No result depends on
  /// it.
  bool compiles_passes = true;
  /// Whether compiled passes do two vectors at once, in an order in which few instructions wait for one
  /// another. Otherwise they do one after the other what was recorded. No result depends on it.
  bool orders_passes = true;
};

/// Where a model lives and its programs run. A handle, copied freely; copies share their threads.
class Device {
 public:
  /// The processor, with this many threads of its own; as many as it has cores where that is 0. They are
  /// started by the first program that can use them, wait for work for a moment and then sleep. No result
  /// depends on their number. Throws Error for a negative one.
  ///
  /// A process made by fork() may go on with everything that lives here, and starts threads of its own. Only
  /// a program that another thread was running at that moment stays in the midst of its run: running it
  /// throws Error.
  static Device cpu(int threads = 0);
  /// The same with other options.
  static Device cpu(const CpuOptions& options);
  /// The processor without anything clever: one plain kernel an operation, in one thread. Everything else is
  /// tested against it.
  static Device reference();

  /// An NVIDIA GPU, by its number. Its driver and compiler are opened here and now. Throws Error that says
  /// which library, device or version is missing.
  static Device cuda(int number = 0);

  /// By a name, as in a command line: "cpu", "cuda", "cuda:1", "reference". Throws Error where there is none
  /// of that name, and what cuda() throws.
  static Device named(const std::string& name);

  /// For Reel's own devices and those of its tests: `backend` compiles programs for it. Throws Error where it
  /// is null.
  explicit Device(std::shared_ptr<Backend> backend);

  /// "cpu", "reference"
  std::string name() const;
  /// Threads of the host that work on a program, the one that runs it included.
  int threads() const;
  /// What compiles programs for it: for Reel's own devices and those of its tests.
  Backend& backend() const { return *backend_; }

 private:
  std::shared_ptr<Backend> backend_;
};

}  // namespace reel
