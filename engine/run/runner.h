#pragma once
#include <memory>
#include <string>
#include <vector>

#include <reel/program.h>

#include "plan/arguments.h"

namespace reel {

/// What a device makes of a tape; Program is the handle. One run at a time.
class Runner {
 public:
  virtual ~Runner() = default;
  /// Writes one array per output; those of the right type are used again.
  virtual void run(const std::vector<const Array*>& arguments, std::vector<Array>& outputs) = 0;
  virtual std::size_t arena_bytes() const = 0;
  virtual std::size_t kept_bytes() const = 0;
  virtual std::size_t instruction_count() const = 0;
  virtual std::string explain() const = 0;
  virtual Profile profile(const std::vector<const Array*>& arguments, int runs) = 0;
};

/// Puts an array of that type in the place of result `position`, unless there is one that was not moved from.
/// Throws MemoryError.
void make_room(std::vector<Array>& results, std::size_t position, const TensorType& type);

/// Throws Error where number or types differ, and where an array was moved from.
void check_arguments(const std::vector<plan::Argument>& wanted, const std::vector<const Array*>& arguments);

}  // namespace reel
