#pragma once
#include <map>
#include <mutex>

#include <reel/variable.h>

#include "run/cuda/driver.h"
#include "run/kept_values.h"

namespace reel::cuda {

/// A device, and what variables are on it: shared by the programs on it, of which one runs at a time.
struct Board {
  explicit Board(std::shared_ptr<Driver> driver);

  /// The value of a variable in the device's memory, the newest. Throws MemoryError.
  std::byte* newest(const std::shared_ptr<Variable>& variable);
  /// Memory that the variable's next value is written to.
  DeviceMemory room_for(const Variable& variable);
  /// It is the newest from now on.
  void written(const std::shared_ptr<Variable>& variable, DeviceMemory memory);

  const std::shared_ptr<Driver> driver;
  const std::shared_ptr<Arenas> arenas;
  const std::shared_ptr<KeptValues> kept;
  std::mutex running;

 private:
  struct Held {
    DeviceMemory memory, spare;
    std::uint64_t version = 0;
    std::weak_ptr<Variable> variable;
  };
  Held& held(const std::shared_ptr<Variable>& variable);
  std::map<const Variable*, Held> held_;
  std::size_t new_ = 0;  // since those that are no more were looked for
};

}  // namespace reel::cuda
