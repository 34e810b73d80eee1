#pragma once
#include <memory>
#include <string>
#include <vector>

#include <reel/program.h>

#include "plan/arguments.h"
#include "plan/base.h"

namespace reel {

/// What a device makes of a tape; Program is the handle. One run at a time.
class Runner {
 public:
  virtual ~Runner() = default;
  /// What it wants, and then gets.
  virtual const std::vector<plan::Argument>& arguments() const = 0;
  /// Writes one array per output; those of the right type are used again.
  virtual void run(const std::vector<const Array*>& arguments, std::vector<Array>& outputs) = 0;
  /// Another thread may run meanwhile. Without memory of the device's own: copies of the arrays.
  virtual std::shared_ptr<StagedArguments> stage(const std::vector<const Array*>& arguments);
  /// On what it has staged.
  virtual void run_staged(StagedArguments& arguments, std::vector<Array>& outputs);
  virtual std::size_t arena_bytes() const = 0;
  virtual std::size_t kept_bytes() const = 0;
  virtual std::vector<std::pair<const void*, std::size_t>> kept_blocks() const { return {}; }
  virtual std::size_t instruction_count() const = 0;
  virtual std::string explain() const = 0;
  virtual Profile profile(const std::vector<const Array*>& arguments, int runs) = 0;
};

/// Where a base stands in the host's memory that is neither the arena nor kept. The number of the run is
/// taken here, once, and kept in `run_number`.
inline const void* host_address(const plan::Base& base, const std::vector<const Array*>& arguments,
                                const std::vector<Array>& results, std::int64_t& run_number) {
  using Kind = plan::Base::Kind;
  switch (base.kind) {
    case Kind::argument:
      return arguments[base.position]->raw();
    case Kind::result:
      return results[base.position].raw();
    case Kind::variable:
      return base.variable->read().raw();
    case Kind::run_number:
      run_number = base.variable->next_run();
      return &run_number;
    case Kind::constant:
      return base.constant->raw();
    case Kind::arena:
    case Kind::kept:
      break;
  }
  throw InternalError("the arena and what is kept are the runner's");
}

/// Puts an array of that type in the place of result `position`, unless there is one that was not moved from.
/// Throws MemoryError.
void make_room(std::vector<Array>& results, std::size_t position, const TensorType& type);

/// Throws Error where number or types differ, and where an array was moved from.
void check_arguments(const std::vector<plan::Argument>& wanted, const std::vector<const Array*>& arguments);

}  // namespace reel
