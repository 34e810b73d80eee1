#pragma once
#include <memory>
#include <string>
#include <vector>

#include <reel/compile_options.h>
#include <reel/tape.h>

namespace reel {

class Runner;

/// What a Device is a handle on: it makes programs of tapes. Several threads may make and run programs at the
/// same time, each program in one.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string name() const = 0;
  virtual int threads() const { return 1; }
  /// The tape lives no longer than the call. Throws RecordError where there is no kernel for an operation,
  /// and MemoryError.
  virtual std::unique_ptr<Runner> make_runner(const Tape& tape, const std::vector<NodeId>& outputs,
                                              const CompileOptions& options) = 0;
};

}  // namespace reel
