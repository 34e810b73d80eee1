#pragma once
#include <memory>
#include <string>
#include <vector>

#include <reel/compile_options.h>
#include <reel/tape.h>

namespace reel {

class Runner;

/// What a Device is a handle on: it makes programs of tapes.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string name() const = 0;
  virtual int threads() const { return 1; }
  /// Throws RecordError where there is no kernel for an operation, and MemoryError.
  virtual std::unique_ptr<Runner> make_runner(const Tape& tape, const std::vector<NodeId>& outputs,
                                              const CompileOptions& options) = 0;
};

}  // namespace reel
