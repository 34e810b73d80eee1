#pragma once
#include <mutex>
#include <vector>

#include <reel/program.h>

#include "run/cuda/driver.h"

namespace reel::cuda {

/// Where arguments of runs to come stand: in pinned memory of the host, and behind that in the device's,
/// which it copies to by itself while it computes. Such places are used again and again.
class Staging {
 public:
  struct Place {
    std::shared_ptr<void> pinned;
    DeviceMemory memory;
    std::shared_ptr<Event> arrived;
  };

  /// So much memory for each, arguments at these offsets.
  Staging(std::shared_ptr<Driver> driver, std::vector<std::size_t> offsets, std::size_t bytes)
      : driver_(std::move(driver)), offsets_(std::move(offsets)), bytes_(bytes) {}

  /// Arguments that are on their way; their place is free when this goes. Throws MemoryError.
  std::shared_ptr<Place> stage(const std::vector<const Array*>& arguments);
  std::byte* address(const Place& place, std::size_t argument) const {
    return place.memory.get() + offsets_[argument];
  }

 private:
  std::unique_ptr<Place> free_place();

  /// Those that nobody uses; they outlive the program where arguments do.
  struct Pool {
    std::mutex mutex;
    std::vector<std::unique_ptr<Place>> places;
  };

  const std::shared_ptr<Driver> driver_;
  const std::vector<std::size_t> offsets_;
  const std::size_t bytes_;
  const std::shared_ptr<Pool> pool_ = std::make_shared<Pool>();
};

}  // namespace reel::cuda
